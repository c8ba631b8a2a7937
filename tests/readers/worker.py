"""A process that answers a study until it is done or killed: `worker.py URL TOKEN…`.

It prints "TOKEN POSITION CHOICE" once an answer is committed, and nothing before.
"""

import sys

from core.readers import sessions
from core.readers.database import Database
from tests.readers.made import reply


def main(url: str, *tokens: str) -> None:
    db = Database(url)
    left = list(tokens)
    while left:
        for token in list(left):
            now = sessions.where(db, token)
            if now.position is None:
                left.remove(token)
                continue
            sessions.begin(db, token, now.position)
            given = reply(now)
            sessions.answer(db, token, now.position, given)
            print(token, now.position, given["score"], flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
