"""Makes the built-in demonstration sets in datasets/ from their definitions, and writes their checksums into the cards.

python tests/make_datasets.py            # rewrites datasets/
"""

import hashlib
import re
from pathlib import Path

from maxent_irl.datasets import gridworld_of, machines_of, read_definition
from maxent_irl.demonstrations.sampling import sample_demonstrations
from maxent_irl.inference import soft_value_iteration

WORLDS = {"gridworld": gridworld_of, "machines": machines_of}


def csv_of(name: str) -> str:
    """The demonstrations of a built-in set, sampled anew, as CSV text."""
    definition = read_definition(name)
    world = WORLDS[name](definition)
    policy = soft_value_iteration(world.mdp, world.reward).policy
    demos = sample_demonstrations(world.mdp, policy, **definition["sampling"])
    columns = (demos.trajectory_ids, demos.times, demos.states, demos.actions, demos.next_states)
    rows = [",".join(map(str, row)) for row in zip(*(column.tolist() for column in columns), strict=True)]
    return "\n".join(["trajectory,step,state,action,next_state", *rows]) + "\n"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def with_checksums(card: str, checksums: dict[str, str]) -> str:
    """The card with the checksum of each file it lists (a line "sha256 of `file`: ...") replaced."""
    for file, checksum in checksums.items():
        card, n = re.subn(rf"(sha256 of `{re.escape(file)}`: )`\w*`", rf"\g<1>`{checksum}`", card)
        if n != 1:
            raise ValueError(f"the card lists the sha256 of {file} {n} times; it must do so once")
    return card


def main() -> None:
    folder = Path(__file__).parents[1] / "datasets"
    for name in WORLDS:
        text = csv_of(name)
        (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="\n")
        definition = (folder / f"{name}.json").read_text(encoding="utf-8")
        card = folder / f"{name}.md"
        checksums = {f"{name}.csv": sha256(text), f"{name}.json": sha256(definition)}
        card.write_text(with_checksums(card.read_text(encoding="utf-8"), checksums), encoding="utf-8", newline="\n")
        print(f"{name}.csv: {text.count(chr(10)) - 1} decisions, sha256 {checksums[f'{name}.csv']}")


if __name__ == "__main__":
    main()
