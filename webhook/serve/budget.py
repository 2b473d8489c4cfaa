"""How long one turn of the event loop may be: decisions give way to what has come meanwhile.

A loop that works does not read. Where there is more to decide than time, connections would not be
accepted, handshakes not finished, probes not answered, and nobody would know for how long a request
has waited. So what is left to decide goes on in the loop's next turn, in its order.
"""

import asyncio

SECONDS = 0.05


class Budget:
    """The time that decisions may take in one turn of the loop.

    `is_spent` says that none shall begin in this turn.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        """Take the seconds; a single decision may take longer."""
        self.is_spent = False
        self._seconds = seconds
        self._spent = 0.0

    async def turn(self) -> None:
        """Wait until the loop has time for another decision."""
        while self.is_spent:  # noqa: ASYNC110 # an event would wake all, and forget their order
            await asyncio.sleep(0)

    def spend(self, seconds: float) -> None:
        """Take note of a decision's time."""
        self._spent += seconds
        if self._spent >= self._seconds and not self.is_spent:
            self.is_spent = True
            asyncio.get_running_loop().call_soon(self._renew)

    def _renew(self) -> None:
        """Begin another turn: the loop has looked at its connections since."""
        self.is_spent, self._spent = False, 0.0
