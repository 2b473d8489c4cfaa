"""Decisions give way to the loop, and keep their order."""

import asyncio

from webhook.serve.budget import Budget


async def _decide(budget: Budget, number: int, seconds: float, done: list[int]) -> None:
    if budget.is_spent:
        await budget.turn()
    done.append(number)
    budget.spend(seconds)


def _turns(seconds: float, count: int) -> list[int]:
    """Give how many decisions were made by the end of each turn of the loop."""
    done: list[int] = []

    async def run() -> list[int]:
        budget = Budget(0.05)
        tasks = [asyncio.create_task(_decide(budget, each, seconds, done)) for each in range(count)]
        found = []
        while not all(each.done() for each in tasks):
            await asyncio.sleep(0)
            found.append(len(done))
        return found

    found = asyncio.run(run())
    assert done == sorted(done)
    return list(dict.fromkeys(found))


def test_short_decisions_are_made_in_one_turn() -> None:
    assert _turns(0.0001, 100) == [100]


def test_no_decision_begins_in_a_turn_whose_time_is_spent() -> None:
    assert _turns(0.03, 6) == [2, 4, 6]


def test_a_decision_that_takes_longer_has_a_turn_of_its_own() -> None:
    assert _turns(1.0, 3) == [1, 2, 3]
