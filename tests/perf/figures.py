# SPDX-License-Identifier: Apache-2.0
"""Rows of figures: medians of interleaved pairs with their spread, the middle half. A row whose spread reaches over its
goal is "undecided", not "met"."""
import statistics


def pairs(ours, floor, count):
    """`count` interleaved measurements of both, after one of each that does not count."""
    ours(), floor()
    rows = []
    for index in range(count):
        first, second = (ours, floor) if index % 2 == 0 else (floor, ours)
        a, b = first(), second()
        rows.append((a, b) if index % 2 == 0 else (b, a))
    return rows


def middle_half(values):
    if len(values) < 4:
        return min(values), max(values)
    low, _, high = statistics.quantiles(values, n=4)
    return low, high


def verdict(low, high, goal):
    return "met" if high <= goal else "missed" if low > goal else "undecided"


class Table:
    """Rows, printed as they come. Smaller is better in all of them."""

    def __init__(self):
        self.rows = []
        print(f"{'figure':<46} {'lemu':>10} {'floor':>10}     median apart [middle half]", flush=True)

    def add(self, figure, unit, runs, goal, relation):
        """relation 'plus': ours - floor <= goal; 'times': ours / floor <= goal; pair by pair."""
        ours, floors = [a for a, _ in runs], [b for _, b in runs]
        apart = [a - b if relation == "plus" else a / b for a, b in runs]
        self._show(figure, unit, ours, floors, relation, apart, goal)

    def add_alone(self, figure, unit, values, goal, floors=()):
        """A figure whose goal does not depend on the floor."""
        self._show(figure, unit, values, floors, "alone", values, goal)

    def _show(self, figure, unit, ours, floors, relation, apart, goal):
        low, high = middle_half(apart)
        row = {"figure": figure, "unit": unit, "lemu": statistics.median(ours),
               "floor": statistics.median(floors) if floors else None, "relation": relation,
               "median": statistics.median(apart), "middleHalf": [low, high], "goal": goal,
               "verdict": verdict(low, high, goal), "runs": len(apart)}
        self.rows.append(row)
        sign = {"plus": "+", "times": "×", "alone": ""}[relation]
        floor = f"{row['floor']:.3f}" if floors else ""
        print(f"{figure:<46} {row['lemu']:>10.3f} {floor:>10} {unit:<3} {sign + format(row['median'], '.3f'):<8} "
              f"[{low:.3f}, {high:.3f}] goal {(sign or '≤') + str(goal):<7} {row['verdict']}", flush=True)
