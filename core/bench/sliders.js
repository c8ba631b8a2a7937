// Runs in the page: moves sliders one by one or as a drag, and times each until its image is shown.
async ({ moves, pause, drag }) => {
  const host = document.querySelector('[data-testid="stBidiComponentIsolated"]');
  const root = host.shadowRoot.querySelector(".live");
  const inputs = [...root.querySelectorAll('input[type="range"]')];
  const image = root.querySelector('figure[data-name="edited"] img');
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const drawn = (id) => {
    const found = (image.dataset.moves || "").split(",").find((m) => m.startsWith(`${id}:`));
    return found ? Number(found.split(":").pop()) : 0;
  };
  const seen = [];
  const watch = new MutationObserver(() => seen.push(Number(image.dataset.seq)));
  watch.observe(image, { attributes: true, attributeFilter: ["data-seq"] });
  const times = [];
  let lost = 0;
  for (let k = 0; k < moves; k += 1) {
    const input = drag ? inputs[0] : inputs[k % inputs.length];
    const id = input.id.replace("move-", "");
    const value = Math.round(10 * (3 * Math.sin(1.7 * (k + 1)))) / 10;
    const start = performance.now();
    input.value = value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    if (drag) { await wait(pause); continue; }
    while (drawn(id) !== value && performance.now() - start < 10000) await wait(2);
    if (drawn(id) !== value) lost += 1;
    await image.decode();
    await frame();
    times.push(performance.now() - start);
    await wait(pause);
  }
  if (drag) {
    const id = inputs[0].id.replace("move-", "");
    const start = performance.now();
    while (drawn(id) !== Number(inputs[0].value) && performance.now() - start < 10000) await wait(5);
    lost = drawn(id) === Number(inputs[0].value) ? 0 : 1;
  }
  await wait(1500);
  watch.disconnect();
  const disorder = seen.filter((s, i) => i && s < seen[i - 1]).length;
  return { times, lost, disorder, shown: new Set(seen).size, src: image.src };
}
