"""From a report to chest X-rays, and back from the image to the words that made it."""

import streamlit as st

from core import domains
from core.explain.text import explain
from core.services import text as service
from core.services.text_options import options_of
from core.text.examples import EXAMPLES
from core.ui import controls, hover_words, layout, report_drawing, state

registry = state.registry()


def take_example() -> None:
    if chosen := st.session_state.get("example"):
        st.session_state["report"] = EXAMPLES[chosen]


def show(drawn: service.Drawn, card, place: int) -> None:
    st.markdown(f"##### {card.title}")
    report_drawing.reading(drawn.reading, card)
    report_drawing.images(drawn, f"{place}")


@st.fragment
def words_that_made_it(text: str, card, seed: int, guidance: float | None) -> None:
    key = (card.id, text, seed, guidance)
    kept = st.session_state.get("_kept_words", {})
    if key not in kept and not st.button(
        "Which words made it?", icon=":material/visibility:", key="explain_words"
    ):
        return
    with layout.said_plainly(), st.spinner("Following gradients back to the words"):
        found = state.remember(
            "words", key, lambda: explain(registry, card.id, text, seed, guidance)
        )
        first, second = st.columns(2, gap="large")
        with first:
            st.markdown(f"**Evidence for {report_drawing.name(found.target)}, word by word**")
            hover_words.highlighted(found)
            st.caption(
                "Integrated gradients of the classifier's log-odds through the generator: blue "
                f"speaks for, orange against. {found.baseline:+.1f} with every word hidden, "
                f"{found.score:+.1f} with the text; the sum misses by {found.gap:.0%}. "
                f"Seed {seed}, fewer sampling steps than above."
            )
            drawn = [w for w in found.words if w.removed is not None]
            names = [f"{k + 1}. {w.text}" for k, w in enumerate(drawn)]
            chosen = st.pills("Leave out one word", names, key="left_out", default=names[:1])
            if chosen:
                word = drawn[names.index(chosen)]
                st.image(hover_words.change_figure(word, found.image), width=300,
                         alt=f"Change of the image without the word {word.text}")  # fmt: skip
                st.caption("Without it the image gets brighter in blue, darker in orange places.")
        with second:
            st.markdown("**Where a word acted**")
            st.caption("Point at a word, or step to it with Tab: its cross-attention appears.")
            hover_words.hover(found)


layout.header("Report to X-ray", "Type findings and impression; get images, seen by a classifier.")
cards = service.cards(registry)
if not cards:
    layout.empty(domains.get("chest_xray"), "text-generator", "There is nothing to draw with.")
    st.stop()
st.warning(
    "Trained on weak pairs: real reports matched to any X-ray of the same condition. The image "
    "follows the condition in the text, not the wording beyond it: sides, lobes and sizes mean "
    "nothing here.",
    icon=":material/link_off:",
)
with st.container(border=True):
    st.selectbox("Take an example", list(EXAMPLES), index=None, key="example",
                 on_change=take_example, placeholder="or type your own below")  # fmt: skip
    text = st.text_area(
        "Findings and impression", value=EXAMPLES["Right lower lobe pneumonia"], key="report",
        bind="query-params", height=110, max_chars=4000,
    )  # fmt: skip
    first, second, third, fourth = st.columns([4, 2, 2, 3], vertical_alignment="bottom")
    with first:
        chosen = controls.choose_models(cards, "text_models", "Models (one or two)")
    with second:
        n = int(st.number_input("Images", 1, 8, value=4, key="n", bind="query-params"))
    with third:
        seed = controls.choose_seed()
    with fourth:
        usual = options_of(registry, cards[0]).get("guidance", 1.5)
        guidance = st.slider(
            "Guidance", 1.0, 6.0, usual, 0.5, key="guidance", bind="query-params",
            help="Above 1 the diffusion follows the text more closely, at the price of variety; it "
            "starts at what validation chose. A GAN keeps its own.",
        )  # fmt: skip
    with st.container(horizontal=True):
        go = st.button("Draw", type="primary", icon=":material/play_arrow:")
        st.button("Other seed", icon=":material/casino:", on_click=controls.new_seed)

if go and chosen:
    with layout.said_plainly():
        runs = []
        for card in chosen:
            bar = st.progress(0.0, f"{card.title}: starting")
            options = {"guidance": guidance} if "diffusion" in card.family else {}
            runs.append(service.draw(
                registry, card.id, text, n, seed, options,
                lambda share, _, bar=bar, card=card: bar.progress(min(share, 1.0), card.title),
            ))  # fmt: skip
            bar.empty()
        st.session_state["_drawn"] = (text, seed, guidance, runs)
if "_drawn" in st.session_state:
    said, first_seed, used, runs = st.session_state["_drawn"]
    shown = [(registry.card(r.images[0].model), r) for r in runs if r.images]
    for place, (column, (card, drawn)) in enumerate(zip(st.columns(max(1, len(shown))), shown)):
        with column:
            show(drawn, card, place)
    if shown:
        own = used if "diffusion" in shown[0][0].family else None
        words_that_made_it(said, shown[0][0], first_seed, own)
for card in chosen or cards[:1]:
    with st.expander(f"How well it follows a text: {card.title}"):
        report_drawing.figures(registry, card)
        report_drawing.guidance(registry, card)
        report_drawing.limits(card)
layout.caveats(domains.get("chest_xray"))
