"""One visitor of the app without a browser: speaks Streamlit's WebSocket protocol."""

from __future__ import annotations

import asyncio
import io
import re
import time
from typing import Any
from urllib.parse import urlencode

import numpy as np
import requests
from PIL import Image
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import connect

PATIENCE = 900.0
WORKING = ("progress_activity", "hourglass_top")


class Failed(Exception):
    """What a visitor would call an error: its text says which."""


class Visitor:
    """A session: pages, widgets, what was drawn last.

    Attributes:
        fresh: elements of the last run, in order.
        places: largest number of requests ahead that was shown in the queue.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.pages: dict[str, str] = {}
        self.fresh: list[tuple[Element, str]] = []
        self.places = 0
        self._page = self._query = self._fragment = ""
        self._gives_up = False
        self._gave_up: float | None = None
        self._states: dict[str, WidgetState] = {}
        self._cache: dict[str, ForwardMsg] = {}

    async def __aenter__(self) -> Visitor:
        address = self.url.replace("http", "ws", 1) + "/_stcore/stream"
        self._socket = await connect(
            address, subprotocols=["streamlit"], origin=self.url, max_size=None,  # type: ignore
            ping_timeout=None, open_timeout=120,
        )  # fmt: skip
        return self

    async def __aexit__(self, *details: object) -> None:
        await self._socket.close()

    async def go(self, page: str, **query: str | int) -> float:
        """Open a page of the app; seconds until it is whole."""
        self._page, self._query, self._states = page, urlencode(query), {}
        return await self._run()

    async def press(self, label: str) -> float:
        """Press a button of the last run."""
        found = self.find("button", label)
        state = WidgetState(id=found[0].button.id, trigger_value=True)
        return await self._run([state], found[1])

    async def give_up(self, label: str) -> float | None:
        """Press a button, and Cancel once that shows; seconds from there to the whole page.

        None where the work was done before one could cancel it.
        """
        self._gives_up, self._gave_up = True, None
        try:
            await self.press(label)
        finally:
            self._gives_up = False
        return None if self._gave_up is None else time.monotonic() - self._gave_up

    async def begin(self, label: str) -> None:
        """Press a button and wait for nothing; close the session next."""
        element, fragment = self.find("button", label)
        await self._ask([WidgetState(id=element.button.id, trigger_value=True)], fragment)

    async def toggle(self, label: str, value: bool) -> float:
        """Set a switch."""
        element, fragment = self.find("checkbox", label)
        self._states[element.checkbox.id] = WidgetState(id=element.checkbox.id, bool_value=value)
        return await self._run([], fragment)

    async def slide(self, label: str, value: float) -> float:
        """Move a slider."""
        element, fragment = self.find("slider", label)
        state = WidgetState(id=element.slider.id)
        state.double_array_value.data.append(value)
        self._states[state.id] = state
        return await self._run([], fragment)

    async def choose(self, label: str, option: str) -> float:
        """Choose in a select box, by the option's text."""
        element, fragment = self.find("selectbox", label)
        state = WidgetState(id=element.selectbox.id, string_value=option)
        self._states[state.id] = state
        return await self._run([], fragment)

    def find(self, kind: str, label: str) -> tuple[Element, str]:
        """An element of the last run by its label."""
        for element, fragment in self.fresh:
            if element.WhichOneof("type") == kind and getattr(element, kind).label == label:
                return element, fragment
        raise Failed(f"no {kind} '{label}'")

    def images(self, alt: str) -> list[np.ndarray]:
        """Pixels of the last run's images whose description begins so."""
        urls = [
            image.url
            for element, _ in self.fresh
            if element.WhichOneof("type") == "imgs"
            for image in element.imgs.imgs
            if image.alt.startswith(alt)
        ]
        return [self._image(url) for url in urls]

    def figures(self) -> list[str]:
        """Specifications of the last run's figures."""
        return [
            e.plotly_chart.spec for e, _ in self.fresh if e.WhichOneof("type") == "plotly_chart"
        ]

    def _image(self, url: str) -> np.ndarray:
        answer = requests.get(self.url + url, timeout=PATIENCE)
        if answer.status_code != 200:
            raise Failed(f"image: HTTP {answer.status_code}")
        return np.asarray(Image.open(io.BytesIO(answer.content)).convert("L"))

    async def _run(self, triggers: list[WidgetState] | None = None, fragment: str = "") -> float:
        start, self.fresh = time.monotonic(), [] if not fragment else self.fresh
        await self._ask(triggers or [], fragment)
        async with asyncio.timeout(PATIENCE):
            while not self._take(await self._next()):
                if self._gives_up and self._gave_up is None and (cancel := self._cancel()):
                    self._gave_up = time.monotonic()
                    await self._ask([cancel], "")
        self._complain()
        return time.monotonic() - start

    async def _ask(self, triggers: list[WidgetState], fragment: str) -> None:
        message = BackMsg()
        ask = message.rerun_script
        ask.query_string, ask.fragment_id, self._fragment = self._query, fragment, fragment
        ask.page_script_hash = self.pages.get(self._page, "")
        ask.widget_states.widgets.extend([*self._states.values(), *triggers])
        await self._socket.send(message.SerializeToString())

    def _cancel(self) -> WidgetState | None:
        """A press of the button to cancel, where the last message showed it."""
        last = self.fresh[-1][0] if self.fresh else Element()
        if last.WhichOneof("type") != "button" or last.button.label != "Cancel":
            return None
        return WidgetState(id=last.button.id, trigger_value=True)

    async def _next(self) -> ForwardMsg:
        found = ForwardMsg()
        found.ParseFromString(await self._socket.recv())  # type: ignore[arg-type]
        if found.WhichOneof("type") == "ref_hash":
            return self._cache[found.ref_hash]
        if found.metadata.cacheable:
            self._cache[found.hash] = found
        return found

    def _take(self, message: ForwardMsg) -> bool:
        """Note a message; True where it ends the run."""
        kind = message.WhichOneof("type")
        if kind == "navigation":
            for page in message.navigation.app_pages:
                self.pages["" if page.is_default else page.url_pathname] = page.page_script_hash
        elif kind == "new_session" and not self._fragment:
            self.fresh = []
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            self.fresh.append((element, message.delta.fragment_id))
            if element.WhichOneof("type") == "markdown":
                self._place(element.markdown.body)
        elif kind == "script_finished":
            return message.script_finished in (0, 1, 3)
        return False

    def _place(self, text: str) -> None:
        if ahead := re.search(r"(\d+) ahead of you", text):
            self.places = max(self.places, int(ahead[1]))

    def _complain(self) -> None:
        for element, _ in self.fresh:
            kind = element.WhichOneof("type")
            if kind == "exception":
                raise Failed(f"exception: {element.exception.message}")
            if kind == "alert" and element.alert.format == element.alert.ERROR:
                raise Failed(f"error shown: {element.alert.body}")


def pixels_agree(one: np.ndarray, two: Any, levels: int = 2) -> bool:
    """Whether two pictures are the same up to rounding."""
    other = np.asarray(two).squeeze()
    return one.shape == other.shape and int(np.abs(one.astype(int) - other).max()) <= levels
