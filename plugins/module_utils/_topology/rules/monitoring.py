# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules about monitoring."""

from __future__ import annotations

from collections.abc import Iterator

from ..._aws.partition import find_arn_problem
from ..schema.kinds import Finding
from ..view import Document, monitoring


def topic_is_in_the_region(document: Document) -> Iterator[Finding]:
    """CloudWatch sends alarms to topics of its own region only."""
    topic, region = (monitoring(document) or {}).get("topic"), document["region"]
    problem = find_arn_problem(topic, region, f"alarms are sent to topics of {region} only")
    if problem is not None:
        yield ("monitoring", "topic"), problem


MONITORING_RULES = (topic_is_in_the_region,)
