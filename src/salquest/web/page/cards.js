// One card for each chosen model: its map over the picture, what it took, its scores, its files.

import { keep, mapPath } from "./server.js";

const FAMILIES = { named: "yours", deep: "trained network", classical: "classical", baseline: "baseline" };
const template = document.querySelector("#card").content.firstElementChild;

export class Card {
  // model: as in the catalogue; strength: answers the opacity with which an overlay is kept, 0 to 1
  constructor(model, { onRemove, onAgain, onError, strength }) {
    this.model = model;
    this.root = template.cloneNode(true);
    this.find("h3").textContent = model.name;
    this.find(".family").textContent = FAMILIES[model.family];
    this.find(".what").textContent = model.source === "-" ? model.title : `${model.title} · ${model.source}`;
    this.find(".remove").setAttribute("aria-label", `Remove ${model.name}`);
    this.find(".remove").addEventListener("click", onRemove);
    this.find(".again").addEventListener("click", onAgain);
    for (const button of this.root.querySelectorAll("[data-file]")) {
      const file = button.dataset.file;
      button.setAttribute("aria-label", `Keep ${button.textContent} of ${model.name}`);
      button.addEventListener("click", () => {
        const query = file === "overlay.png" ? `?strength=${strength()}` : "";
        const name = `${this.stem}-${model.name.replace(/[^A-Za-z0-9_-]+/g, "-")}-${file}`;
        keep(mapPath(this.key, model.name, file) + query, name).catch(onError);
      });
    }
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  // A new picture: {key, width, height, stem, alt}
  show(picture) {
    this.key = picture.key;
    this.stem = picture.stem;
    this.size = [picture.width, picture.height];
    const frame = this.find(".frame");
    frame.style.setProperty("--shape", `${picture.width} / ${picture.height}`);
    frame.style.setProperty("--ratio", picture.width / picture.height);
    this.find(".picture").src = `/pictures/${picture.key}/picture.jpg`;
    this.find(".picture").alt = picture.alt;
    this.find(".gaze").setAttribute("viewBox", `-0.5 -0.5 ${picture.width} ${picture.height}`);
    this.drawGaze([]);
    this.tellScores(null);
    this.wait();
  }

  set state(word) {
    this.root.dataset.state = word;
    this.root.setAttribute("aria-busy", word === "working");
    this.find(".keep").hidden = word !== "done";
    this.find(".again").hidden = word !== "failed";
  }

  get isDone() {
    return this.root.dataset.state === "done";
  }

  get isWaiting() {
    return this.root.dataset.state === "waiting";
  }

  wait() {
    this.find(".told").textContent = "Waiting for its turn";
    this.find(".time").textContent = "";
    this.find(".known").hidden = true;
    this.state = "waiting";
  }

  work() {
    this.find(".told").textContent = `${this.model.name} is looking …`;
    this.state = "working";
  }

  fail(error) {
    this.find(".told").textContent = error.message;
    this.state = "failed";
  }

  async done(told) {
    const { key } = this;
    const layers = {
      ".layer": mapPath(key, this.model.name, "layer.png"),
      ".heat": mapPath(key, this.model.name, "heat.jpg"),
      ".ground": `/pictures/${key}/ground.jpg`,
    };
    await Promise.all(Object.entries(layers).map(([selector, path]) => loaded(this.find(selector), path)));
    if (this.key !== key) return; // another picture came meanwhile
    const times = told.peak_over_uniform;
    const looked = times > 1.05 ? `, ${times.toPrecision(2)} times as likely as chance` : "";
    this.find(".layer").alt = `Map of ${this.model.name}, highest at x ${told.peak.x}, y ${told.peak.y}${looked}`;
    this.find(".time").textContent = seconds(told.seconds);
    this.find(".time").title = told.loading_seconds > 0.05 ? `and ${seconds(told.loading_seconds)} to load the model, once` : "";
    this.find(".known").hidden = !told.learnt_from_it;
    this.state = "done";
  }

  drawGaze(points) {
    const path = points.map(([x, y]) => `M${x} ${y}h0`).join("");
    for (const line of this.root.querySelectorAll(".gaze path")) line.setAttribute("d", path);
  }

  // scores: metric -> number or null; best: the metrics in which no other card is better
  tellScores(scores, metrics = [], best = new Set()) {
    const list = this.find(".scores");
    list.hidden = !scores;
    list.replaceChildren(
      ...(scores ? metrics : []).map(({ name, title, direction, unit }) => {
        const entry = document.createElement("div");
        const term = document.createElement("dt");
        const value = document.createElement("dd");
        term.textContent = `${title} ${direction === "up" ? "↑" : "↓"}`;
        entry.title = `${title}${unit ? ` in ${unit}` : ""}: ${direction === "up" ? "more" : "less"} is better`;
        value.textContent = scores[name] === null ? "–" : scores[name].toFixed(scores[name] >= 100 ? 0 : 3);
        entry.classList.toggle("best", best.has(name));
        entry.append(term, value);
        return entry;
      }),
    );
  }
}

function seconds(value) {
  return value < 0.0995 ? `${Math.max(1, Math.round(value * 1000))} ms` : `${value.toFixed(value < 9.95 ? 2 : 1)} s`;
}

function loaded(image, path) {
  return new Promise((resolve, reject) => {
    image.onload = resolve;
    image.onerror = () => reject(new Error("The map could not be fetched; the picture may have made room for newer ones. Drop it again."));
    image.src = path;
  });
}
