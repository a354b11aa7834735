# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plain boto3 script: all instances of a region that have a tag, kept in a list."""

from __future__ import annotations

import sys

import boto3

if __name__ == "__main__":
    filters = [{"Name": "tag:groundwork:stack", "Values": [sys.argv[2]]}]
    pages = boto3.client("ec2", region_name=sys.argv[1]).get_paginator("describe_instances").paginate(Filters=filters)
    found = [
        instance for page in pages for reservation in page["Reservations"] for instance in reservation["Instances"]
    ]
    if len(found) != int(sys.argv[3]):
        raise SystemExit(f"{len(found)} instances")
