// The page: a picture comes in, chosen models look at it one after the other, sliders and scores concern all of them.

import { Card } from "./cards.js";
import * as server from "./server.js";

const $ = (selector) => document.querySelector(selector);
const HEADINGS = {
  named: "Yours",
  deep: "Trained networks",
  classical: "Classical models",
  baseline: "Baselines: the same for every picture",
};
const isWide = matchMedia("(min-width: 60rem)"); // as in demo.css: controls beside the maps, not above them
const PAUSE = 400; // ms after the last key before fixations are scored

const known = await server.catalogue().catch((error) => (fail(error), null));
const cards = new Map(); // model name -> Card, in the order of choosing
let picture = null; // {key, width, height, stem, alt}
let sending = new AbortController(); // ends when another picture is chosen
let coming = new AbortController(); // ends when another picture is there
let scoring = new AbortController();
let isPredicting = false;

if (known) fill();

function fill() {
  const { limits } = known;
  $("#limits").textContent = `up to ${Math.round(limits.bytes / 1e6)} MB and ${Math.round(limits.pixels / 1e6)} megapixels`;
  $("#samples").replaceChildren(...known.samples.map(sampleButton));
  for (const [family, heading] of Object.entries(HEADINGS)) {
    const models = known.models.filter((model) => model.family === family);
    if (models.length) $("#models").append(modelList(heading, models));
  }
  for (const name of known.chosen) choose(name, true);
}

function sampleButton({ key, what }) {
  const button = document.createElement("button");
  const image = document.createElement("img");
  image.src = `/samples/${key}`;
  image.alt = what;
  button.type = "button";
  button.title = what;
  button.setAttribute("aria-pressed", "false");
  button.append(image);
  button.addEventListener("click", async () => {
    const round = begin();
    try {
      const found = await server.sample(key);
      if (round.aborted) return;
      $("#gaze").open = isWide.matches;
      await take(found.picture, key, round, { fixations: found.fixations, sigma: known.sample_sigma_px, alt: what });
      button.setAttribute("aria-pressed", "true");
    } catch (error) {
      fail(error);
    }
  });
  return button;
}

function modelList(heading, models) {
  const list = document.createElement("fieldset");
  const legend = document.createElement("legend");
  legend.textContent = heading;
  list.append(legend, ...models.map(modelLine));
  return list;
}

function modelLine(model) {
  const line = document.createElement("label");
  const box = document.createElement("input");
  const name = document.createElement("b");
  const what = document.createElement("span");
  line.className = "model";
  line.dataset.words = `${model.name} ${model.title} ${model.source}`.toLowerCase();
  box.type = "checkbox";
  box.value = model.name;
  box.addEventListener("change", () => choose(model.name, box.checked));
  name.textContent = model.name;
  what.textContent = model.title;
  what.className = "small";
  line.append(box, name, what);
  return line;
}

// ---- models

function choose(name, wanted) {
  const box = [...document.querySelectorAll(".model input")].find((one) => one.value === name);
  if (!box) return;
  box.checked = wanted;
  if (wanted && !cards.has(name)) {
    const model = known.models.find((one) => one.name === name);
    const card = new Card(model, {
      onRemove: () => choose(name, false),
      onAgain: () => (card.wait(), predictAll()),
      onError: fail,
      strength: () => $("#opacity").value / 100,
    });
    cards.set(name, card);
    if (picture) {
      card.show(picture);
      $("#cards").append(card.root);
      predictAll();
    }
  } else if (!wanted && cards.has(name)) {
    cards.get(name).root.remove();
    cards.delete(name);
    scoreAll();
  }
  $("#chosen").textContent = `${cards.size} chosen`;
}

$("#find").addEventListener("input", () => {
  const words = $("#find").value.toLowerCase().split(/\s+/);
  for (const line of document.querySelectorAll(".model")) line.hidden = !words.every((word) => line.dataset.words.includes(word));
  for (const list of document.querySelectorAll("#models fieldset")) list.hidden = !list.querySelector(".model:not([hidden])");
});

// ---- pictures

// Another picture is on its way; the one that is there stays until this one is
function begin() {
  sending.abort();
  sending = new AbortController();
  $("#error").hidden = true;
  say("Sending the picture");
  for (const button of document.querySelectorAll("#samples button")) button.setAttribute("aria-pressed", "false");
  return sending.signal;
}

async function take(blob, name, round, { fixations = "", sigma = "", alt = "The picture" } = {}) {
  const { limits } = known;
  if (blob.size > limits.bytes) {
    throw new Error(`This file has ${(blob.size / 1e6).toFixed(1)} MB; the server takes ${limits.bytes / 1e6} MB.`);
  }
  const told = await server.send(blob, name, round);
  if (round.aborted) return;
  coming.abort();
  scoring.abort();
  coming = new AbortController();
  picture = { ...told, alt, stem: name.replace(/\.[^.]*$/, "").replace(/[^A-Za-z0-9_-]+/g, "-") || "picture" };
  $("#fixations").value = fixations;
  $("#sigma").value = sigma;
  $("#gaze-told").textContent = "";
  $("#empty").hidden = true;
  $("#tools").hidden = false;
  for (const card of cards.values()) card.show(picture);
  $("#cards").replaceChildren(...[...cards.values()].map((card) => card.root));
  if (!cards.size) say("Choose a model to see where people will look");
  if (!isWide.matches) $("#stage").scrollIntoView({ behavior: "smooth" });
  predictAll();
}

async function takeFile(file) {
  const isTable = /\.(csv|tsv|txt)$/i.test(file.name) || file.type.startsWith("text/csv");
  if (isTable) return takeTable(file);
  const round = begin();
  return take(file, file.name || "pasted", round).catch(fail);
}

$("#file").addEventListener("change", () => {
  if ($("#file").files.length) takeFile($("#file").files[0]);
  $("#file").value = "";
});

addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files][0];
  if (file) {
    event.preventDefault();
    takeFile(file);
  }
});

for (const kind of ["dragenter", "dragover"]) {
  addEventListener(kind, (event) => {
    event.preventDefault();
    document.body.classList.add("dragged");
  });
}
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dragged");
});
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dragged");
  if (event.dataTransfer.files.length) takeFile(event.dataTransfer.files[0]);
  else fail(new Error("That was no file. Pictures are not fetched from addresses: save it first, then drop the file."));
});

// ---- predictions, one at a time, as the server works

async function predictAll() {
  if (isPredicting || !picture) return;
  isPredicting = true;
  try {
    for (let card = nextCard(); card; card = nextCard()) await predictOne(card);
  } finally {
    isPredicting = false;
  }
}

const nextCard = () => [...cards.values()].find((card) => card.isWaiting);

async function predictOne(card) {
  const round = coming.signal;
  card.work();
  try {
    const told = await server.predict(card.key, card.model.name, round);
    if (round.aborted) return; // the card shows another picture by now
    await card.done(told);
    say(`${card.model.name} is done`);
    scoreAll();
  } catch (error) {
    if (!round.aborted) card.fail(error);
  }
}

// ---- where people looked

async function takeTable(file) {
  $("#gaze").open = true;
  $("#fixations").value = await file.text();
  scoreAll();
}

async function scoreAll() {
  scoring.abort();
  scoring = new AbortController();
  const { signal } = scoring;
  const done = [...cards.values()].filter((card) => card.isDone);
  const text = $("#fixations").value.trim();
  $("#scores-told").hidden = true;
  if (!picture || !text) {
    for (const card of cards.values()) (card.tellScores(null), card.drawGaze([]));
    $("#gaze-told").textContent = text ? "Scores come with a picture." : "";
    return;
  }
  try {
    const told = await server.score(picture.key, done.map((card) => card.model.name), text, $("#sigma").value, signal);
    tell(told, done);
  } catch (error) {
    if (signal.aborted) return;
    for (const card of cards.values()) (card.tellScores(null), card.drawGaze([]));
    $("#gaze-told").textContent = error.message;
  }
}

function tell(told, done) {
  const best = new Map(); // metric -> its best value
  for (const { name, direction } of known.metrics) {
    const values = Object.values(told.scores).map((scores) => scores[name]).filter((value) => value !== null);
    best.set(name, direction === "up" ? Math.max(...values) : Math.min(...values));
  }
  for (const card of cards.values()) card.drawGaze(told.points);
  for (const card of done) {
    const scores = told.scores[card.model.name];
    const leads = known.metrics.map(({ name }) => name).filter((name) => done.length > 1 && scores[name] === best.get(name));
    card.tellScores(scores, known.metrics, new Set(leads));
  }
  const outside = told.outside ? `, ${told.outside} outside the picture dropped` : "";
  $("#gaze-told").textContent = `${told.fixations} fixations${outside}.`;
  const sigma = Number(told.sigma_px.toPrecision(3));
  $("#scores-told").textContent =
    `Scores against ${told.fixations} fixations, every one counted. NSS and AUC-Judd compare with the fixations themselves, ` +
    `CC, SIM and KL (in nats) with their density under a Gaussian of σ = ${sigma} px. ` +
    "One picture says little about a model: salquest score takes whole data sets.";
  $("#scores-told").hidden = !done.length;
}

let pause; // before fixations are scored
for (const field of ["#fixations", "#sigma"]) {
  $(field).addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(scoreAll, PAUSE);
  });
}
$("#clear").addEventListener("click", () => {
  $("#fixations").value = "";
  scoreAll();
});
$("#table").addEventListener("change", () => {
  if ($("#table").files.length) takeTable($("#table").files[0]);
  $("#table").value = "";
});

// ---- how maps are shown

const look = document.documentElement.style;

function setWipe(percent) {
  $("#wipe").value = percent;
  $("#wipe-told").textContent = `${Math.round(percent)} %`;
  look.setProperty("--wipe", `${percent}%`);
  $("#cards").dataset.wiped = percent > 0 && percent < 100 ? "yes" : "no";
}
setWipe(0);

$("#wipe").addEventListener("input", () => setWipe(Number($("#wipe").value)));
$("#opacity").addEventListener("input", () => {
  look.setProperty("--opacity", $("#opacity").value / 100);
  $("#opacity-told").textContent = `${$("#opacity").value} %`;
});
$("#dots").addEventListener("change", () => ($("#cards").dataset.dots = $("#dots").checked ? "yes" : "no"));
for (const view of document.querySelectorAll("[name=view]")) {
  view.addEventListener("change", () => {
    $("#cards").dataset.view = view.value;
    $("#opacity").disabled = view.value === "map";
  });
}

// Drawing the finger or the mouse over any picture wipes all of them
$("#cards").addEventListener("pointerdown", (event) => {
  const frame = event.target.closest(".frame");
  if (!frame || event.button) return;
  const box = frame.getBoundingClientRect();
  const move = ({ clientX }) => setWipe(Math.min(100, Math.max(0, (100 * (clientX - box.left)) / box.width)));
  const stop = () => removeEventListener("pointermove", move);
  addEventListener("pointermove", move);
  addEventListener("pointerup", stop, { once: true });
  addEventListener("pointercancel", stop, { once: true });
  move(event);
});

// ---- words

function fail(error) {
  if (error.name === "AbortError") return;
  $("#error").textContent = error.message;
  $("#error").hidden = false;
  say("");
}

function say(text) {
  $("#status").textContent = text;
}
