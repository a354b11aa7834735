# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An order as clients send it, and the text that confirms it."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

ORDER_NUMBER = r"^[A-Za-z0-9-]{1,40}$"


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
    quantity: int = Field(ge=1, le=1000)
    price: Decimal = Field(ge=0, max_digits=9, decimal_places=2)


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: str = Field(pattern=ORDER_NUMBER)
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)
    lines: list[Line] = Field(min_length=1, max_length=100)

    @property
    def total(self) -> Decimal:
        return sum((line.quantity * line.price for line in self.lines), Decimal(0))


def write_message(order: Order) -> str:
    goods = [f"{line.quantity} x {line.name}: {line.quantity * line.price:.2f}" for line in order.lines]
    return "\n".join([f"Thank you for your order {order.number}.", "", *goods, "", f"Total: {order.total:.2f}"])
