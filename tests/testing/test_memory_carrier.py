"""The carrier of the kit keeps the rules of docs/carriers.md, with and without memory on the other side."""

import json

from ordercore.codec import dump
from ordercore.ports import CarrierKind, Transmission
from ordercore.testing.carrier import ALL, MemoryCarrier
from ordercore.testing.carrier_suite import CarrierSuite
from ordercore.testing.outside import CarrierDesk

BLIND = ("book",)
IDEMPOTENT = ("rate", "book", "idempotent", "void")


class Memory(CarrierSuite):
    service = "standard"

    def desk(self):
        return CarrierDesk(idempotent=self.idempotent)

    def report(self, updates):
        body = json.dumps({"events": [dump(one) for one in updates]}).encode()
        return Transmission("parcels", "application/json", body, {"x-signature": MemoryCarrier.sign(body)})


class TestMemoryCarrier(Memory):
    rate = query = void = manifest = track_push = True
    kind = CarrierKind("memory", lambda instance, _: MemoryCarrier(instance), ALL)


class TestOneThatDropsRepeats(Memory):
    rate = idempotent = void = True
    kind = CarrierKind("memory", lambda instance, _: MemoryCarrier(instance, IDEMPOTENT), IDEMPOTENT)


class TestOneThatOnlyBooks(Memory):
    kind = CarrierKind("memory", lambda instance, _: MemoryCarrier(instance, BLIND), BLIND)
