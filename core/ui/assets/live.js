// Sliders that ask for one image at a time: the newest position is never lost, an older image
// never replaces a newer one. Python echoes the number of the request it drew.
const SETTLE = 220; // ms without a move until the page is told that the edit is done
const PATIENCE = 4000; // ms until an unanswered request no longer blocks the next

const text = (node, value) => { if (node.textContent !== value) node.textContent = value; };

function build(lens, data) {
  lens.signature = JSON.stringify(data.sliders.map((s) => [s.id, s.name]));
  lens.rows = {};
  lens.list.replaceChildren(...data.sliders.map((slider) => {
    const row = lens.template.content.firstElementChild.cloneNode(true);
    const [label, output, input, low, high] =
      ["label", "output", "input", ".low", ".high"].map((s) => row.querySelector(s));
    input.id = `move-${slider.id}`;
    label.htmlFor = input.id;
    output.htmlFor = input.id;
    text(label, slider.name);
    input.min = -data.reach;
    input.max = data.reach;
    input.step = data.step;
    text(low, `−${data.reach}`);
    text(high, `+${data.reach}`);
    input.addEventListener("input", () => moved(lens, slider.id, Number(input.value)));
    input.addEventListener("dblclick", () => {
      input.value = 0;
      moved(lens, slider.id, 0);
    });
    lens.rows[slider.id] = { input, output };
    return row;
  }));
}

function paint(lens, id, value) {
  const { input, output } = lens.rows[id];
  if (Number(input.value) !== value) input.value = value;
  input.style.setProperty("--at", `${(50 * (value + lens.reach)) / lens.reach}%`);
  input.setAttribute("aria-valuetext", `${value.toFixed(1)} standard deviations`);
  text(output, (value > 0 ? "+" : "") + value.toFixed(1));
}

function moved(lens, id, value) {
  lens.values[id] = value;
  paint(lens, id, value);
  clearTimeout(lens.rest);
  const resting = lens.busy && lens.settled; // what the rest asks for may be cut short
  lens.settled = false;
  if (lens.busy && !resting) lens.pending = true;
  else send(lens, false);
}

function send(lens, settled) {
  lens.busy = true;
  lens.pending = false;
  lens.seq += 1;
  clearTimeout(lens.watch);
  lens.watch = setTimeout(() => { lens.busy = false; answered(lens); }, PATIENCE);
  lens.request({ seq: lens.seq, values: { ...lens.values }, settled });
  lens.settled = settled;
}

function answered(lens) {
  clearTimeout(lens.rest);
  if (lens.pending) send(lens, false);
  else if (!lens.settled) lens.rest = setTimeout(() => { if (!lens.busy) send(lens, true); }, SETTLE);
}

function show(lens, data) {
  for (const [name, picture] of Object.entries(data.pictures)) {
    const figure = lens.root.querySelector(`figure[data-name="${name}"]`);
    figure.hidden = !picture;
    if (!picture) continue;
    const image = figure.querySelector("img");
    if (image.getAttribute("src") !== picture.src) image.src = picture.src;
    image.alt = picture.alt;
    text(figure.querySelector("figcaption"), picture.caption);
    const link = figure.querySelector("a");
    if (link) link.href = picture.src;
  }
  const edited = lens.root.querySelector('figure[data-name="edited"] img');
  edited.dataset.seq = data.seq;
  edited.dataset.moves = data.moves;
  if (data.rows) table(lens, data.rows);
  lens.root.querySelector(".changes").classList.toggle("old", !data.rows);
  if (data.note !== undefined) text(lens.root.querySelector(".note"), data.note);
  if (data.history) strip(lens, data.history);
}

function table(lens, rows) {
  lens.root.querySelector(".changes").hidden = !rows.length;
  lens.root.querySelector("tbody").replaceChildren(...rows.map((cells) => {
    const row = document.createElement("tr");
    row.append(...cells.map((cell, place) => {
      const node = document.createElement(place ? "td" : "th");
      if (!place) node.scope = "row";
      node.textContent = cell;
      return node;
    }));
    return row;
  }));
}

function strip(lens, history) {
  const place = lens.root.querySelector(".history");
  place.hidden = history.length < 2;
  place.querySelector("ol").replaceChildren(...history.map((step) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const image = document.createElement("img");
    image.src = step.src;
    image.alt = "";
    button.type = "button";
    button.title = step.label;
    button.setAttribute("aria-label", `Back to: ${step.label}`);
    button.disabled = step.now;
    button.append(image);
    button.addEventListener("click", () => lens.jump(step.index));
    item.append(button);
    return item;
  }));
}

export default function (component) {
  const { data, parentElement, setStateValue, setTriggerValue } = component;
  const root = parentElement.querySelector(".live");
  const lens = (root.lens ??= {
    root, values: {}, seq: data.seq, version: null, busy: false, pending: false, settled: true,
    list: root.querySelector(".sliders"), template: root.querySelector("template"),
  });
  lens.reach = data.reach;
  lens.request = (edit) => setStateValue("edit", edit);
  lens.jump = (index) => setTriggerValue("jump", index);
  const names = JSON.stringify(data.sliders.map((s) => [s.id, s.name]));
  const fresh = lens.signature !== names;
  if (fresh) build(lens, data);
  if (fresh || lens.version !== data.version) {
    lens.version = data.version;
    lens.pending = false;
    lens.settled = true;
    lens.values = Object.fromEntries(data.sliders.map((s) => [s.id, s.value]));
    for (const s of data.sliders) paint(lens, s.id, s.value);
    lens.seq = Math.max(lens.seq, data.seq);
    lens.busy = false;
  } else if (data.seq < lens.seq) {
    return; // drawn before the request that is still under way
  }
  show(lens, data);
  if (data.seq >= lens.seq) {
    clearTimeout(lens.watch);
    lens.busy = false;
    answered(lens);
  }
}
