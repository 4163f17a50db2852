// What the page of a dissection lets its reader choose: a score, a category, a network, a layer, a unit. All words come from the document
// and become text, never markup.
"use strict";
const given = JSON.parse(document.getElementById("document").textContent);
const [TOP_TEN, LOW, HIGH, HELD_OUT, DISTINCT, ABOVE, ABOVE_DISTINCT, CEILING, RANDOM, OVER_RANDOM, OVER_RANDOM_LOW, OVER_RANDOM_HIGH,
  OVER_FIRST, OVER_FIRST_LOW, OVER_FIRST_HIGH, PERMUTED, OTHER_PICTURES] = Array(17).keys();
// regions below which a category is written in italics; units of a layer that are shown with pictures; pictures in a strip
const FEW = 30, BEST = 5, STRIP = 5;
// what can stand beside a heat map
const CONTROLS = [
  [RANDOM, "random weights"], [OTHER_PICTURES, "other pictures’ regions"], [PERMUTED, "permuted cells"], [HELD_OUT, "held out"]];
const chosen = {score: 0, category: 0, network: 0, layer: -1, unit: null, beside: RANDOM};
const at = (name) => document.getElementById(name);

function made(tag, words = "", attributes = {}) {
  const one = document.createElement(tag);
  one.append(...[words].flat());
  for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
  return one;
}

function fill(select, names, value) {
  select.replaceChildren(...names.map(([key, name]) => made("option", name, {value: key})));
  select.value = value;
}

// --- numbers

const score = () => given.scores[chosen.score];
const digits = () => score().key === "iou" ? 3 : 2;
const told = (number, places = digits()) =>
  number === null ? "–" : number.toFixed(places).replace(/^-(0\.?0*)$/, "$1").replace("-", "−");
const short = (number) => told(number).replace(/^(−?)0\./, "$1.");
const range = (low, high) => low === null ? "" : `${told(low)}..${told(high)}`;
const counted = (category) => category[score().counted];
const cells = (network) => given.cells[network][chosen.score];
const layerOf = (network) => chosen.layer >= 0 ? chosen.layer : given.best_layers[network][chosen.score][chosen.category];

// --- heat maps

function heat(title, explained, network, column, sure) {
  const difference = sure !== undefined, middle = difference ? 0 : score().chance;
  // a category of few regions has wild numbers, and does not decide the colours of the others
  const usual = (_, place) => counted(given.categories[place]) >= FEW || given.categories.every((one) => counted(one) < FEW);
  const every = cells(network).flatMap((line) => line.filter(usual).flatMap((cell) =>
    difference ? [cell[column]] : [cell[TOP_TEN], cell[RANDOM]])).filter((one) => one !== null);
  const scale = Math.max(...every.map((one) => Math.abs(one - middle)), 1e-9);
  const caption = made("caption", title);
  caption.append(made("small", explained));
  const head = made("tr");
  head.append(made("th", "category →\nlayer ↓", {class: "axes", scope: "col"}));
  for (const category of given.categories) {
    const basis = `${category.name}: ${counted(category)} regions on ${category.pictures} pictures`;
    const name = made("th", made("span", `${category.name} (${counted(category)})`), {scope: "col", title: basis});
    if (counted(category) < FEW) name.className = "few";
    head.append(name);
  }
  const body = made("tbody");
  given.layers.forEach((layer, row) => {
    const line = made("tr", made("th", layer, {scope: "row", title: layer}));
    given.categories.forEach((category, place) => {
      const cell = cells(network)[row][place], value = cell[column];
      const title = readout(network, row, place);
      const one = made("td", short(value), {tabindex: -1, "data-row": row, "data-column": place, role: "gridcell", title});
      if (value !== null) {
        one.style.setProperty("--strength", Math.min(80, 80 * Math.abs(value - middle) / scale).toFixed(0));
        one.classList.add(value < middle ? "less" : "more");
        if (difference && (cell[sure] > 0 || cell[sure + 1] < 0)) one.classList.add("sure");
      }
      const best = place === chosen.category && row === layerOf(network);
      one.setAttribute("aria-selected", best);
      line.append(one);
    });
    body.append(line);
  });
  const attributes = {class: "heat", role: "grid", "data-network": network, "data-shows": column};
  const table = made("table", [caption, made("thead", head), body], attributes);
  (table.querySelector("[aria-selected=true]") ?? table.querySelector("td")).tabIndex = 0;
  return made("div", table);
}

function readout(network, row, place) {
  const cell = cells(network)[row][place], category = given.categories[place], name = given.networks[network].name;
  const exact = (column) => told(cell[column], 3), between = (low) => `(95 % ${range(cell[low], cell[low + 1])})`;
  const parts = [
    `${name}, ${given.layers[row]}, ${category.name}: ${score().title} of the ten best units ${exact(TOP_TEN)} ${between(LOW)}`,
    `held out ${exact(HELD_OUT)}`, `ten best of different near-duplicates ${exact(DISTINCT)}`,
    `${cell[ABOVE]} units above ${score().threshold} (${cell[ABOVE_DISTINCT]} distinct)`];
  if (cell[CEILING] !== null) parts.push(`no unit can have more than ${exact(CEILING)}`);
  if (cell[RANDOM] !== null) {
    parts.push(`random weights ${exact(RANDOM)}, difference ${exact(OVER_RANDOM)} ${between(OVER_RANDOM_LOW)}`);
  }
  if (cell[OVER_FIRST] !== null) {
    parts.push(`difference to ${given.networks[0].name} ${exact(OVER_FIRST)} ${between(OVER_FIRST_LOW)}`);
  }
  parts.push(`other pictures’ regions ${exact(OTHER_PICTURES)}`, `permuted cells ${exact(PERMUTED)}`,
    `${counted(category)} regions on ${category.pictures} pictures`);
  return parts.join("; ") + ".";
}

function drawHeat() {
  const network = chosen.network, {name, control} = given.networks[network];
  const beside = {...Object.fromEntries(CONTROLS), [RANDOM]: control ?? ""};
  const panels = [heat(name, `${score().title}, chance ${score().chance}.`, network, TOP_TEN)];
  panels.push(heat(beside[chosen.beside], `${score().title}, in the colours of ${name}.`, network, chosen.beside));
  const sure = "Bold: the 95 % interval of the difference leaves out 0.";
  if (control) panels.push(heat(`${name} − random weights`, sure, network, OVER_RANDOM, OVER_RANDOM_LOW));
  if (network > 0) panels.push(heat(`${name} − ${given.networks[0].name}`, sure, network, OVER_FIRST, OVER_FIRST_LOW));
  at("heat").replaceChildren(...panels);
  at("readout").textContent = readout(network, layerOf(network), chosen.category);
}

function cellOf(event) {
  const cell = event.target.closest("td[data-row]");
  if (!cell) return null;
  const {row, column} = cell.dataset;
  return {cell, network: Number(cell.closest("table").dataset.network), row: Number(row), place: Number(column)};
}

function tell(event) {
  const found = cellOf(event);
  if (found) at("readout").textContent = readout(found.network, found.row, found.place);
}

function choose(event) {
  const found = cellOf(event);
  if (!found) return;
  const shows = found.cell.closest("table").dataset.shows;
  Object.assign(chosen, {layer: found.row, category: found.place, unit: null});
  draw();
  at("heat").querySelector(`[data-shows="${shows}"] [data-row="${found.row}"][data-column="${found.place}"]`).focus({preventScroll: true});
}

const STEPS = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]};

function walk(event) {
  const found = cellOf(event);
  if (!found) return;
  if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(event); return; }
  const step = STEPS[event.key];
  const place = step && `[data-row="${found.row + step[0]}"][data-column="${found.place + step[1]}"]`;
  const next = place && found.cell.closest("table").querySelector(place);
  if (!next) return;
  event.preventDefault();
  found.cell.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

// --- units and their pictures

function picture(units, place, rank) {
  const one = given.pictures[units.pictures[place][rank]], outline = units.outlines[place][rank];
  const figure = at("picture").content.cloneNode(true).firstElementChild;
  const image = figure.querySelector("img");
  image.src = `data:image/jpeg;base64,${one.jpeg}`;
  image.width = one.width;
  image.height = one.height;
  image.alt = one.name;
  const peak = units.peaks[place][rank];
  figure.title = `${one.name}: greatest activation ${peak}${outline ? "" : ", nowhere above the threshold"}`;
  const svg = figure.querySelector("svg");
  svg.setAttribute("viewBox", `0 0 ${2 * one.width} ${2 * one.height}`);
  for (const path of svg.children) path.setAttribute("d", outline);
  figure.querySelector("figcaption").textContent = `${one.name} · ${peak}`;
  return figure;
}

const pictures = (units, place, most) => units.pictures[place].slice(0, most).map((_, rank) => picture(units, place, rank));

function scoreTold(units, place, which, category) {
  const value = units.scores[which][category][place], places = given.scores[which].key === "iou" ? 3 : 2;
  return value === null ? "–" : `${told(value, places)} ± ${told(units.errors[which][category][place], places)}`;
}

function stateTold(units, place) {
  const alike = units.alike[place];
  return units.state[place] + (alike.length ? `, near-duplicate of ${alike.join(", ")}` : "");
}

function drawBest() {
  const category = given.categories[chosen.category];
  const where = chosen.layer < 0 ? "the layer of each network that is best for it, held out" : given.layers[chosen.layer];
  at("best-told").textContent = `${category.name} (${counted(category)} regions), ${score().title}, in ${where}: the best ${BEST} units `
    + `with the ${STRIP} pictures to which they answer most, whatever is on them. Line: where the unit is above its threshold.`;
  at("best").replaceChildren(...given.networks.map(({name}, network) => {
    const layer = layerOf(network), cell = cells(network)[layer][chosen.category], units = given.units[network][layer];
    const column = made("div", made("h3", `${name}: ${given.layers[layer]}`), {"data-network": network});
    const control = cell[RANDOM] === null ? ""
      : `; random weights ${told(cell[RANDOM])}, difference ${range(cell[OVER_RANDOM_LOW], cell[OVER_RANDOM_HIGH])}`;
    column.append(made("p", `Ten best ${told(cell[TOP_TEN])} (${range(cell[LOW], cell[HIGH])})${control}.`, {class: "soft"}));
    for (const unit of given.best[network][chosen.score][layer][chosen.category].slice(0, BEST)) {
      const place = units.shown.indexOf(unit);
      const button = made("button", `unit ${unit}`, {type: "button", title: "Show this unit below"});
      button.addEventListener("click", () => {
        Object.assign(chosen, {network, layer, unit});
        draw();
        at("browser-title").scrollIntoView();
        at("unit").focus({preventScroll: true});
      });
      const line = made("p", [button, ` ${scoreTold(units, place, chosen.score, chosen.category)}, ${stateTold(units, place)}`]);
      column.append(made("div", [line, made("div", pictures(units, place, STRIP), {class: "strip"})], {class: "unit", "data-unit": unit}));
    }
    return column;
  }));
}

function drawBrowser() {
  const network = chosen.network, layer = layerOf(network), units = given.units[network][layer];
  const values = units.scores[chosen.score][chosen.category];
  const order = [...units.shown.keys()].sort((a, b) => (values[b] ?? -Infinity) - (values[a] ?? -Infinity) || a - b);
  if (!units.shown.includes(chosen.unit)) chosen.unit = units.shown[order[0]] ?? null;
  at("unit-told").textContent = `${given.networks[network].name}, ${given.layers[layer]}: ${units.shown.length} of ${units.count} units, `
    + `by ${score().title} for ${given.categories[chosen.category].name}`;
  const state = (place) => units.state[place] === "live" ? "" : ` (${units.state[place]})`;
  fill(at("unit"), order.map((place) => [units.shown[place], `${units.shown[place]}: ${told(values[place])}${state(place)}`]), chosen.unit);
  const unscored = [["dead", units.dead], ["exploding", units.exploding]].filter(([, own]) => own.length);
  const named = unscored.map(([name, own]) => `${name} ${own.join(", ")}`).join("; ");
  at("unscored").textContent = named ? `Not scored: ${named}.` : "No unit of this layer is dead or exploding.";
  drawOne(network, layer);
}

function drawOne(network, layer) {
  const units = given.units[network][layer], place = units.shown.indexOf(chosen.unit);
  if (place < 0) return at("one").replaceChildren(made("p", "No unit of this layer has a score."));
  const facts = `State: ${stateTold(units, place)}. Activations from ${told(units.low[place], 2)} to ${told(units.high[place], 2)}, `
    + `threshold ${told(units.threshold[place], 2)}; below each picture the greatest one on it.`;
  const titles = given.scores.map(({title, chance}) => made("th", [title, made("small", ` chance ${chance}`)], {scope: "col"}));
  const head = made("tr", [made("th", "category (regions)", {scope: "col"}), ...titles]);
  const lines = given.categories.map((category, number) => {
    const line = made("tr", made("th", `${category.name} (${category.regions})`, {scope: "row"}));
    if (number === chosen.category) line.className = "chosen";
    line.append(...given.scores.map((_, which) => made("td", scoreTold(units, place, which, number))));
    return line;
  });
  const caption = made("caption", "Scores of this unit, ± standard error over pictures. One of many: the best of many is high by chance.");
  const table = made("table", [caption, made("thead", head), made("tbody", lines)]);
  at("one").replaceChildren(
    made("h3", `Unit ${chosen.unit} of ${given.layers[layer]}, ${given.networks[network].name}`),
    made("p", facts, {class: "soft"}),
    made("div", pictures(units, place), {class: "nine"}),
    made("div", table, {class: "wide"}));
}

// --- choices

function draw() {
  fill(at("score"), given.scores.map(({title}, number) => [number, title]), chosen.score);
  fill(at("category"), given.categories.map((one, number) => [number, `${one.name} (${counted(one)})`]), chosen.category);
  fill(at("network"), given.networks.map(({name}, number) => [number, name]), chosen.network);
  fill(at("layer"), [[-1, "the best one of each network"], ...given.layers.map((name, number) => [number, name])], chosen.layer);
  const controls = CONTROLS.filter(([column]) => column !== RANDOM || given.networks[chosen.network].control);
  if (!controls.some(([column]) => column === chosen.beside)) chosen.beside = PERMUTED;
  fill(at("beside"), controls, chosen.beside);
  drawHeat();
  drawBest();
  drawBrowser();
}

for (const name of ["score", "category", "network", "layer", "beside"]) {
  at(name).addEventListener("change", () => { chosen[name] = Number(at(name).value); chosen.unit = null; draw(); });
}
at("unit").addEventListener("change", () => { chosen.unit = Number(at("unit").value); drawOne(chosen.network, layerOf(chosen.network)); });
at("choices").addEventListener("submit", (event) => event.preventDefault());
for (const kind of ["pointerover", "focusin"]) at("heat").addEventListener(kind, tell);
at("heat").addEventListener("click", choose);
at("heat").addEventListener("keydown", walk);
// what training brought most for comes first
const brought = (category) => {
  const cell = given.cells[0][0][given.best_layers[0][0][category]][category];
  return cell[OVER_RANDOM_LOW] ?? cell[HELD_OUT] ?? -Infinity;
};
chosen.category = given.categories.reduce((best, _, number) => brought(number) > brought(best) ? number : best, 0);
draw();
