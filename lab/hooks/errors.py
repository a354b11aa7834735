# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Errors of EC2 that moto has no class for, with AWS's codes and messages."""

from __future__ import annotations

from moto.ec2.exceptions import EC2ClientError


def ec2_error(code: str, message: str) -> EC2ClientError:
    """The error of that code."""
    return EC2ClientError(code, message)


def dependency_violation(message: str) -> EC2ClientError:
    """Something still uses what was to be deleted."""
    return ec2_error("DependencyViolation", message)


def incorrect_state(message: str) -> EC2ClientError:
    """The instance is in a state in which this cannot be done."""
    return ec2_error("IncorrectInstanceState", message)
