"""The halves of a pair as a running process holds them: they follow the ring without a restart.

Each use asks for the time stamps of the ring's file and folder, which takes microseconds: what is
sealed after a rotation has become visible here is sealed with the new key.

Promises that a ring which cannot be read, or a new key which cannot be loaded, leaves in use what
was; and that nothing is ever sealed to a key that is known to be destroyed.
"""

import threading

import structlog

from vault.errors import KeyServiceSilent, KeyUnusable, StoreUnavailable, Tampered
from vault.keys.hpke import PrivateHalf, PublicHalf, key_id_of
from vault.keys.place import KeyPlace
from vault.keys.ring import KeyState, Ring, Stamp
from vault.secrets import Secret

log = structlog.get_logger()


class SealingHalf:
    """The public half that seals now. Safe to share between threads. Raises KeyUnusable."""

    def __init__(self, place: KeyPlace, name: str) -> None:
        self._place, self._name = place, name
        self._turn = threading.Lock()
        self._stamp = place.stamp(name)
        self._half = place.public(name, place.ring(name).active.id)
        self._gone = False

    @property
    def key_id(self) -> str:
        """The id of the key that seals now."""
        return self.current().key_id

    def current(self) -> PublicHalf:
        """Return the half itself; raises StoreUnavailable when there is none to seal with."""
        if self._place.stamp(self._name) != self._stamp:
            with self._turn:
                self._follow()
        if self._gone:
            raise StoreUnavailable("the key that seals was destroyed, and no other can be read")
        return self._half

    def seal(self, plain: bytes, info: bytes) -> bytes:
        """Seal a short message; raises StoreUnavailable."""
        return self.current().seal(plain, info)

    def wrap(self, secret: Secret, info: bytes) -> bytes:
        """Seal a key; raises StoreUnavailable."""
        return self.current().wrap(secret, info)

    def _follow(self) -> None:
        stamp = self._place.stamp(self._name)
        if stamp == self._stamp:
            return
        try:
            ring = self._place.ring(self._name)
            self._gone = _is_destroyed(ring, self._half.key_id)
            if ring.active.id != self._half.key_id:
                self._half = self._place.public(self._name, ring.active.id)
                self._gone = False
                log.info("keys.followed", pair=self._name, key=self._half.key_id)
            self._stamp = stamp
        except KeyUnusable as error:
            log.error("keys.not_followed", pair=self._name, problem=str(error))


class OpeningHalves:
    """Every private half of a pair that is not destroyed, each opening what was sealed to it.

    Raises KeyUnusable, KeyServiceSilent.
    """

    def __init__(self, place: KeyPlace, name: str) -> None:
        self._place, self._name = place, name
        self._turn = threading.Lock()
        self._stamp: Stamp = place.stamp(name)
        self._halves = self._loaded()

    @property
    def key_ids(self) -> frozenset[str]:
        """The ids of the keys that can open now."""
        self._look()
        return frozenset(self._halves)

    def open(self, sealed: bytes, info: bytes) -> bytes:
        """Open what was sealed to any of them with the same `info`; raises Tampered."""
        return self._half_for(sealed).open(sealed, info)

    def unwrap(self, wrapped: bytes, info: bytes) -> Secret:
        """Open a key; raises Tampered."""
        return self._half_for(wrapped).unwrap(wrapped, info)

    def half(self, key_id: str) -> PrivateHalf | None:
        """Return one of them, None if it is not there."""
        self._look()
        return self._halves.get(key_id)

    def _half_for(self, sealed: bytes) -> PrivateHalf:
        key_id = key_id_of(sealed)
        half = self.half(key_id) or self._looked_for(key_id)
        if half is None:
            raise Tampered
        return half

    def _looked_for(self, key_id: str) -> PrivateHalf | None:
        """Read the ring itself: two changes within one tick of the clock may have one stamp."""
        with self._turn:
            if key_id not in self._halves:
                self._follow(self._place.stamp(self._name))
        return self._halves.get(key_id)

    def _look(self) -> None:
        if self._place.stamp(self._name) == self._stamp:
            return
        with self._turn:
            stamp = self._place.stamp(self._name)
            if stamp != self._stamp:
                self._follow(stamp)

    def _follow(self, stamp: Stamp) -> None:
        try:
            self._halves = self._load(self._place.ring(self._name), self._halves)
            self._stamp = stamp
        except (KeyUnusable, KeyServiceSilent) as error:
            log.error("keys.not_followed", pair=self._name, problem=str(error))

    def _loaded(self) -> dict[str, PrivateHalf]:
        """Load every half. One that is missing may have been destroyed since the ring was read."""
        ring = self._place.ring(self._name)
        while True:
            try:
                return self._load(ring, {})
            except KeyUnusable:
                before, ring = ring, self._place.ring(self._name)
                if ring == before:
                    raise

    def _load(self, ring: Ring, known: dict[str, PrivateHalf]) -> dict[str, PrivateHalf]:
        return {
            key.id: known.get(key.id) or self._place.private(self._name, key.id)
            for key in ring.living
        }


def _is_destroyed(ring: Ring, key_id: str) -> bool:
    return any(key.id == key_id and key.state is KeyState.DESTROYED for key in ring.keys)
