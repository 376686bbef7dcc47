"""The rules of suppliers as the supplier in memory keeps them: the same for the right one and for those that are wrong."""

import json
from decimal import Decimal
from typing import ClassVar

from attrs import evolve

from ordercore.testing import SupplierSuite
from ordercore.testing.supplier import KIND, SupplierDesk, answer_of

WORD = "open sesame"


class JsonRules(SupplierSuite):
    kind = KIND
    settings: ClassVar = {"word": WORD}
    secrets = (WORD,)
    send = query = acknowledge = dates = prices = True

    def lines_of(self, requests):
        return {line: Decimal(quantity) for line, _, quantity, _ in json.loads(requests[0].body)["lines"]}

    def outside(self):
        return SupplierDesk()

    def answer(self, number, lines):
        return answer_of(number, lines, word=WORD, instance="account")

    def spoiled(self, number, good, bad):
        whole = self.answer(number, good)
        said = json.loads(whole.body)
        said["lines"].append([bad, "accepted", "many", "2026-01-20", "1.00"])
        return evolve(whole, body=json.dumps(said).encode())

    def signed(self, transmission):
        return transmission

    def forged(self, transmission):
        yield evolve(transmission, headers={})
        yield evolve(transmission, headers={"x-word": "open sesam"})
