# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules about what watches a stack."""

from __future__ import annotations

from collections.abc import Iterator

from .kinds import Place, shown, suggestion
from .view import Document, monitoring
from .watching import every_alarm

Finding = tuple[Place, str]


def topic_lies_in_the_region(document: Document) -> Iterator[Finding]:
    """Alarms tell no topic elsewhere."""
    topic, region = (monitoring(document) or {}).get("topic"), document["region"]
    if topic is not None and region is not None and topic.split(":")[3] != region:
        text = f"lies in {topic.split(':')[3]}, and alarms tell topics of {region} (name one there)"
        yield ("monitoring", "topic"), text


def alarms_left_out_exist(document: Document) -> Iterator[Finding]:
    """Of a document that is good otherwise: what alarms there are is known only then."""
    watched = monitoring(document)
    if watched is not None:
        known = [alarm.name for alarm in every_alarm(document)]
        for number, name in enumerate(watched["without"]):
            if name not in known:
                text = f"{shown(name)} is not an alarm of this document; {suggestion(name, known)}"
                yield ("monitoring", "without", number), text


WATCH_RULES = (topic_lies_in_the_region,)
