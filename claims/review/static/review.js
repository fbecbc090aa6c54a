// The review page in the browser: shows findings, sends decisions, learns of those of others.
// The server makes all markup; what comes from an article is escaped there.
"use strict";

const POLL = 4000; // milliseconds between two looks for decisions of others
const SEARCH_PAUSE = 200; // milliseconds after the last letter of a search
const NOTE_PAUSE = 2000; // milliseconds after the last letter of a note
const SAID = 4000; // milliseconds that a message stays
const KEPT = 40; // findings whose markup is kept: those around the current one

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const parse = (markup) => new DOMParser().parseFromString(markup, "text/html");
const form = $("#filters");
const main = $("#finding");
const narrow = matchMedia("(max-width: 56rem)"); // where the queue lies over the finding, as review.css has it

let aim = 0; // id of the finding that is shown or on its way; j pressed twice goes on by two
let turn = 0; // of the finding that is being shown; an answer to an earlier one comes too late
let listing = 0; // of the list that is being fetched; the same
let change = Number(document.body.dataset.change);
let fragments = new Map(); // id of a finding -> promise of its markup
let jump = 0; // how often o was pressed on this finding
let sending = Promise.resolve(); // decisions are sent one after the other
let looking = false;
const unsent = new Set(); // decisions that the server has not taken yet, the first one first; a note has no verdict
const steps = []; // verdicts of this tab that u takes back, the last one last

// --- talking to the server -------------------------------------------------------------------------------------------

const EARLIER = "This page is of an earlier review. Open the address that claims review printed last.";
const AGAIN = "It is tried again by itself; keep this page open.";

class Trouble extends Error {} // the page says it already

function quiet(error) {
  if (!(error instanceof Trouble)) throw error;
}

function run(work) {
  Promise.resolve(work()).catch(quiet);
}

// What is wrong; the gravest is said: what is lost, what waits to be saved, what cannot be read.
const troubles = { lost: "", saving: "", reading: "" };

function trouble(kind, words) {
  troubles[kind] = words;
  const said = troubles.lost || troubles.saving || troubles.reading;
  const place = $("#trouble");
  if ($("span", place).textContent !== said) $("span", place).textContent = said;
  $("button", place).hidden = !troubles.lost;
  place.hidden = !said;
}

function errorOf(text, status) {
  try {
    return JSON.parse(text).error;
  } catch {
    return `the server answers ${status}`;
  }
}

async function get(address) {
  let answer;
  let text;
  try {
    answer = await fetch(address, { credentials: "same-origin" });
    text = await answer.text();
  } catch {
    const saved = unsent.size ? "" : " Every decision made so far is saved.";
    trouble("reading", `The server does not answer.${saved} Start claims review again.`);
    throw new Trouble();
  }
  if (!answer.ok && answer.status !== 404) {
    if (answer.status === 403 && unsent.size) waits(`Not saved. ${EARLIER}`);
    trouble("reading", answer.status === 403 ? EARLIER : errorOf(text, answer.status));
    throw new Trouble();
  }
  trouble("reading", "");
  return text;
}

function deliver({ pair, verdict, note, seen }) {
  return fetch("/verdicts", {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ pair, verdict, note, seen }),
    keepalive: true,
  });
}

// Sends a decision; what the server says of its pair, and whether it was noted. What cannot be sent stays in `unsent`.
async function post(decision) {
  unsent.add(decision);
  let answer;
  let text;
  try {
    answer = await deliver(decision);
    text = await answer.text();
  } catch {
    waits(`Not saved yet: the server does not answer. ${AGAIN}`);
    throw new Trouble();
  }
  if (answer.status === 403 || answer.status >= 500) {
    waits(answer.status === 403 ? `Not saved. ${EARLIER}` : `Not saved yet: ${errorOf(text, answer.status).split(";")[0]}. ${AGAIN}`);
    throw new Trouble();
  }
  unsent.delete(decision);
  if (!unsent.size) trouble("saving", "");
  if (!answer.ok && answer.status !== 409) {
    lose(decision, errorOf(text, answer.status));
    throw new Trouble();
  }
  return { ...JSON.parse(text), added: answer.ok };
}

function waits(words) {
  trouble("saving", words);
  showUnsent();
}

function lose({ verdict, note, about }, why) {
  const what = verdict === undefined ? [] : [WORDS[verdict] || "taken back"];
  if (note) what.push(`note “${note}”`);
  trouble("lost", `Not saved: ${what.join(", ")} on “${about}”. ${why}`);
}

function inTurn(work) {
  const done = sending.then(work);
  sending = done.catch(() => {});
  return done;
}

let saidTimer;
function say(words) {
  const place = $("#said");
  place.textContent = words;
  clearTimeout(saidTimer);
  saidTimer = setTimeout(() => { place.textContent = ""; }, SAID);
}

// --- the queue -------------------------------------------------------------------------------------------------------

function asked() {
  const values = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    const usual = { verdict: "unreviewed", sort: "surest", from: $("#from").dataset.usual }[name] || "";
    if (value !== usual) values.set(name, value);
  }
  return values;
}

const isUnreviewed = () => !asked().has("verdict");

function kept(id = current()) {
  const values = asked();
  if (id) values.set("finding", id);
  return values;
}

function address(id) {
  const values = kept(id);
  return values.size ? `/?${values}` : "/";
}

// Whether the queue is now as it was asked for: false when another list was asked for since.
async function loadQueue(at, { list = true } = {}) {
  const mine = list ? ++listing : listing;
  const values = asked();
  if (at) values.set("at", at);
  const told = parse(await get(`/queue?${values}`));
  if (mine !== listing) return false;
  for (const part of $$("[data-part]", told)) {
    const name = part.dataset.part;
    const live = $(`[data-part="${name}"]`);
    if (!live || (name === "list" && !list) || live.innerHTML === part.innerHTML) continue;
    const value = live.value;
    live.replaceChildren(...part.childNodes);
    if (live.tagName === "SELECT") live.value = value;
  }
  if (list) mark();
  return true;
}

const items = () => $$(".item");
const itemOf = (id) => $(`.item[data-id="${id}"]`);
const finding = () => $("article.finding", main);
const current = () => Number(finding()?.dataset.id || 0);
const isOnTheWay = () => aim !== 0 && aim !== current(); // another finding than the one shown

function neighbour(step) {
  const item = itemOf(aim || current());
  if (!item) return Number(items()[0]?.dataset.id || 0);
  const after = (each) => step > 0 ? each.nextElementSibling : each.previousElementSibling;
  let next = after(item);
  // What somebody decided on meanwhile is still listed, but no longer to be reviewed.
  while (step > 0 && next?.classList.length > 1 && isUnreviewed()) next = after(next);
  const beyond = step > 0 ? item.parentElement.dataset.next : item.parentElement.dataset.previous;
  return Number(next?.dataset.id || beyond || 0);
}

function mark() {
  const id = current();
  for (const item of items()) {
    const link = $("a", item);
    if (Number(item.dataset.id) === id) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  const item = itemOf(id);
  const list = $(".items");
  const place = $("[data-position]", main);
  if (place) {
    const n = item ? Number(list.dataset.before) + items().indexOf(item) + 1 : 0;
    place.textContent = n ? `${n.toLocaleString("en")} of ${Number(list.dataset.n).toLocaleString("en")}` : "not in this queue";
  }
  if (item) item.scrollIntoView({ block: "nearest" });
}

function setItem(pair, state, words) {
  for (const item of $$(`.item[data-pair="${pair}"]`)) {
    item.className = `item ${state}`;
    $(".verdict", item).textContent = words;
  }
}

function openQueue(open) {
  document.body.classList.toggle("queue-open", open);
  $("#toggle").setAttribute("aria-expanded", String(open));
}

const isCovered = () => narrow.matches && document.body.classList.contains("queue-open");

// --- the finding -----------------------------------------------------------------------------------------------------

function fragment(id) {
  if (!fragments.has(id)) {
    const markup = get(`/findings/${id}`);
    markup.catch(() => { if (fragments.get(id) === markup) fragments.delete(id); });
    fragments.set(id, markup);
    if (fragments.size > KEPT) fragments.delete(fragments.keys().next().value);
  }
  return fragments.get(id);
}

// Drops what was fetched of pairs before something was decided on them: a pair may stand in several articles.
async function forget(pairs) {
  for (const [id, markup] of [...fragments]) {
    const [, pair] = /data-pair="(\w+)"/.exec((await markup.catch(() => "")).slice(0, 400)) || [];
    if (pairs.includes(pair) && fragments.get(id) === markup) fragments.delete(id);
  }
}

function fetchNext() {
  const next = neighbour(1);
  if (next) fragment(next).catch(quiet);
}

async function show(id, { focus = false } = {}) {
  saveNote();
  const mine = ++turn;
  aim = id;
  let markup;
  try {
    markup = await fragment(id);
  } catch (error) {
    if (mine === turn) aim = current();
    throw error;
  }
  if (mine !== turn) return;
  put(markup);
  aim = current();
  main.scrollTop = 0;
  history.replaceState(null, "", address(id));
  if (!itemOf(id)) await loadQueue(id);
  mark();
  announce();
  if (focus) main.focus({ preventScroll: true });
  fetchNext();
}

function put(markup) {
  jump = 0;
  const active = document.activeElement;
  const { verdict, do: action } = active.dataset;
  const inside = active !== main && main.contains(active);
  main.innerHTML = markup;
  showUnsent({ note: true });
  if (!inside) return;
  // Who works with Tab and Enter stays on the same button, though it is another element now.
  const same = verdict ? $(`[data-verdict="${verdict}"]`, main) : action ? $(`[data-do="${action}"]`, main) : null;
  (same || main).focus({ preventScroll: true });
}

function announce() {
  // For a screen reader: what came onto the screen.
  const at = finding();
  if (!at) return;
  const words = [$("[data-position]", at), $(".sum h2", at), $(".level", at), ...$$("blockquote", at)];
  $("#told").textContent = words.map((each) => each.textContent.trim().slice(0, 300)).join(". ");
}

async function putNothing() {
  saveNote();
  const mine = ++turn;
  aim = 0;
  const markup = await get(`/queue/nothing?${asked()}`);
  if (mine !== turn) return;
  put(markup);
  history.replaceState(null, "", address(0));
}

async function go(step) {
  const id = neighbour(step);
  if (id) await show(id);
  else say(step > 0 ? "This is the last finding of the queue." : "This is the first finding of the queue.");
}

// Brings what was decided on the finding on the screen up to date in its place: a note goes on being typed.
async function refresh() {
  const at = finding();
  if (!at) return;
  const id = current();
  delete at.dataset.deciding;
  fragments.delete(id);
  const fresh = $("article.finding", parse(await fragment(id)));
  if (finding() !== at) return;
  if (fresh?.dataset.pair !== at.dataset.pair) { // its article was scored again
    await show(id);
    return;
  }
  for (const name of ["seen", "state", "own"]) at.dataset[name] = fresh.dataset[name];
  delete at.dataset.asked;
  $("[data-conflict]", at).hidden = true;
  for (const button of $$("[data-verdict]", at)) {
    button.setAttribute("aria-pressed", String(button.dataset.verdict === at.dataset.state));
  }
  for (const part of $$("[data-live]", at)) {
    part.replaceChildren(...$(`[data-live="${part.dataset.live}"]`, fresh).childNodes);
  }
  const note = $("#note");
  const written = $("#note", fresh).defaultValue;
  if (note.value === note.defaultValue && document.activeElement !== note) note.value = written;
  note.defaultValue = written;
  if (written) $(".note", at).hidden = false;
  showUnsent();
  mark();
}

// Says on a finding what of it waits to be saved; with `note` in a new textarea too.
function showUnsent({ note = false } = {}) {
  const at = finding();
  for (const decision of at ? unsent : []) {
    if (decision.pair !== at.dataset.pair) continue;
    if (note) $("#note").value = decision.note;
    if (note && decision.note) $(".note", at).hidden = false;
    if (decision.verdict !== undefined) {
      $("[data-stands]", at).textContent = `not saved yet: ${WORDS[decision.verdict] || "taken back"}`;
    }
  }
}

// --- decisions -------------------------------------------------------------------------------------------------------

const WORDS = { confirmed: "Confirmed", false_alarm: "False alarm", dismissed: "Dismissed" };

const decisionAt = (at, verdict) => ({
  pair: at.dataset.pair,
  verdict,
  note: $("#note").value,
  seen: Number(at.dataset.seen),
  about: $("blockquote", at).textContent.trim().slice(0, 80),
});

// Whether a key was pressed twice, which it takes over what somebody else decided.
function isAskedAgain(at, verdict, words) {
  if (at.dataset.asked === String(verdict)) return true;
  at.dataset.asked = String(verdict);
  const place = $("[data-conflict]", at);
  place.textContent = `${words} Press again ${verdict ? "to decide otherwise" : "to take it back"}.`;
  place.hidden = false;
  return false;
}

function isAllowed(at, verdict) {
  const { state, own } = at.dataset;
  if (!state || own || state === verdict) return true;
  return isAskedAgain(at, verdict, `Decided already: ${$("[data-stands]", at).textContent}.`);
}

async function decide(verdict) {
  const at = finding();
  if (!at || isOnTheWay()) return; // nobody decides on what is not on the screen yet
  if (at.dataset.deciding || !isAllowed(at, verdict)) return;
  at.dataset.deciding = "yes"; // a second key does not hit this finding again
  const { state } = at.dataset;
  await sending; // its note may be on the way
  if (finding() !== at) return;
  if (at.dataset.state !== state) {
    delete at.dataset.deciding;
    return;
  }
  const id = current();
  const decision = { ...decisionAt(at, verdict), step: { id, before: state || null } };
  for (const older of unsent) if (older.pair === decision.pair) unsent.delete(older);
  unsent.add(decision);
  await inTurn(async () => {
    const told = await post(decision).catch((error) => {
      delete at.dataset.deciding;
      throw error;
    });
    if (!told.added) {
      await conflict(decision, told);
      return;
    }
    await take(decision, told);
    say(`${WORDS[verdict]}. u takes it back.`);
    if ((aim || current()) === id) { // nobody went on by another key
      const next = neighbour(1);
      if (next) await show(next);
      else await end(id);
    }
    await loadQueue(current(), { list: false });
  });
}

// Puts what was noted everywhere on the page. What follows on the decision before it follows on this one now.
async function take(decision, told) {
  setItem(told.pair, told.state, told.words);
  for (const each of [...steps, ...unsent]) {
    if (each.pair !== told.pair) continue;
    if (each.seen === told.before) each.seen = told.seen;
  }
  for (const step of steps) if (step.pair === told.pair) step.note = decision.note;
  if (decision.step) {
    const { pair, note, about } = decision;
    steps.push({ ...decision.step, pair, note, about, seen: told.seen });
  }
  const at = finding();
  if (at?.dataset.pair === told.pair) {
    if (Number(at.dataset.seen) === told.before) at.dataset.seen = told.seen;
    $("#note").defaultValue = decision.note;
  }
  await forget([told.pair]);
}

async function end(id) {
  await loadQueue(0);
  if (!isUnreviewed()) {
    await refresh();
    say("That was the last finding of the queue. u takes it back.");
    return;
  }
  const first = items().map((item) => Number(item.dataset.id)).find((each) => each !== id);
  if (first) {
    await show(first);
    return;
  }
  await putNothing();
  say("That was the last one. u takes it back.");
}

async function conflict(decision, told) {
  setItem(told.pair, told.state, told.words);
  await forget([told.pair]);
  const words = `Somebody decided in the meantime: ${told.last}.`;
  const at = finding();
  const isShown = at?.dataset.pair === told.pair;
  if (isShown) await refresh().catch(quiet);
  if (isShown && finding() === at) isAskedAgain(at, decision.verdict, `${words} Yours was not saved.`);
  else lose(decision, words);
  await loadQueue(current(), { list: false });
}

function undo() {
  return inTurn(async () => {
    const waiting = [...unsent].filter((each) => each.step).at(-1);
    if (waiting) {
      withdraw(waiting);
      return;
    }
    const last = steps.pop();
    if (!last) {
      await takeBack();
      return;
    }
    const { id, pair, before, note, about, seen } = last;
    const decision = { pair, verdict: before, note, about, seen };
    const told = await post(decision);
    if (!told.added) {
      say(`Since then: ${told.last}. Nothing was taken back.`);
      return;
    }
    await take(decision, told);
    say(told.state ? `Taken back: ${told.words} again.` : "Taken back.");
    if (current() === id && !isOnTheWay()) await refresh();
    else await show(id);
    await loadQueue(current(), { list: false });
  });
}

// Takes back a verdict that waits to be saved; its note stays in its field.
function withdraw(decision) {
  unsent.delete(decision);
  if (!unsent.size) trouble("saving", "");
  const at = finding();
  if (at?.dataset.pair === decision.pair) $("[data-stands]", at).textContent = WORDS[at.dataset.state] || "";
  say("Taken back before it was saved.");
}

async function takeBack() {
  const at = finding();
  if (!at?.dataset.state || isOnTheWay()) {
    say("Nothing to take back.");
    return;
  }
  if (!isAllowed(at, null)) return;
  const decision = decisionAt(at, null);
  const told = await post(decision);
  if (!told.added) {
    await conflict(decision, told);
    return;
  }
  await take(decision, told);
  say("Taken back.");
  await refresh();
  await loadQueue(current(), { list: false });
}

function openNote() {
  const place = $(".note", main);
  if (!place) return;
  place.hidden = false;
  $("#note").focus();
}

// The note on the screen, where it is another than what is saved or waits to be; from now on it waits.
function keepNote() {
  const note = $("#note");
  const at = finding();
  if (!note || !at) return null;
  const { pair } = at.dataset;
  const waiting = [...unsent].filter((each) => each.pair === pair).at(-1);
  if (note.value.trim() === (waiting ? waiting.note : note.defaultValue).trim()) return null;
  for (const older of unsent) if (older.pair === pair && older.verdict === undefined) unsent.delete(older);
  const { about } = decisionAt(at);
  const decision = { pair, note: note.value, about };
  unsent.add(decision);
  return decision;
}

function saveNote({ silent = false } = {}) {
  const decision = keepNote();
  if (!decision) return;
  inTurn(async () => {
    if (!unsent.has(decision)) return; // a later one has it
    await take(decision, await post(decision));
    if (!silent) say("Note saved.");
  }).catch(quiet);
}

async function sendAgain() {
  for (const decision of [...unsent]) {
    await inTurn(async () => {
      if (!unsent.has(decision)) return;
      const told = await post(decision);
      if (!told.added) {
        await conflict(decision, told);
        return;
      }
      await take(decision, told);
      say("Saved.");
      if (finding()?.dataset.pair === decision.pair) await refresh();
    });
  }
}

// --- decisions of others ---------------------------------------------------------------------------------------------

async function look() {
  if (looking || (document.hidden && !unsent.size)) return;
  looking = true;
  try {
    const told = JSON.parse(await get(`/changes?since=${change}`));
    await sendAgain().catch(quiet);
    if (told.change === change) return;
    await sending;
    await hear(told);
    change = told.change;
  } finally {
    looking = false;
  }
}

async function hear(told) {
  if (!told.complete) {
    fragments = new Map();
    await refresh();
    await loadQueue(current());
    return;
  }
  await forget(told.decisions.map((decision) => decision.pair));
  for (const decision of told.decisions) {
    setItem(decision.pair, decision.state, decision.words);
    const at = finding();
    if (at?.dataset.pair !== decision.pair || Number(at.dataset.seen) >= decision.seen) continue;
    await refresh();
    say(`Just now: ${decision.last}.`);
  }
  await loadQueue(current(), { list: false });
}

// --- the article -----------------------------------------------------------------------------------------------------

function to(name) {
  const target = document.getElementById(name);
  if (!target) return;
  target.tabIndex = -1;
  target.focus({ preventScroll: true }); // so that a screen reader reads on from there
  target.scrollIntoView({ block: "center" });
  for (const piece of $$(`mark.${name}`)) {
    piece.classList.remove("here");
    requestAnimationFrame(() => piece.classList.add("here"));
  }
}

function openArticle() {
  if (!finding()) return;
  const names = ["a", "b", ""];
  const name = names[jump++ % names.length];
  if (name) {
    to(name);
    say(`Statement ${name.toUpperCase()} in the article.`);
    return;
  }
  main.focus({ preventScroll: true });
  main.scrollTop = 0;
  say("Back at the top.");
}

// --- keys, buttons, filters ------------------------------------------------------------------------------------------

function clearFilter() {
  for (const field of form.elements) {
    if (field.type === "radio") field.checked = field.value === "unreviewed";
    else if (field.tagName === "SELECT") field.selectedIndex = 0;
    else if (field.tagName === "INPUT") field.value = field.dataset.usual || "";
  }
  return filtered();
}

async function filtered() {
  if (!await loadQueue(0)) return;
  const first = Number(items()[0]?.dataset.id || 0);
  if (itemOf(current())) {
    history.replaceState(null, "", address(current()));
    mark();
  } else if (first) {
    await show(first);
  } else {
    await putNothing();
  }
}

function search() {
  if (narrow.matches) openQueue(true);
  $("#words").focus();
  $("#words").select();
}

const ACTIONS = {
  help: () => $("#help").showModal(),
  undo,
  note: openNote,
  next: () => go(1),
  previous: () => go(-1),
  article: openArticle,
  search,
  clear: clearFilter,
  heard: () => trouble("lost", ""),
};
const KEYS = { u: "undo", n: "note", j: "next", k: "previous", o: "article", "/": "search", "?": "help" };
const VERDICTS = { c: "confirmed", f: "false_alarm", d: "dismissed" };

function keyOf(event) {
  // On a Cyrillic or Arabic keyboard the key in the place of c counts as c.
  const plain = /^[ -~]$/.test(event.key);
  if (plain || event.key.length > 1) return event.key.toLowerCase();
  return event.code.startsWith("Key") ? event.code.slice(3).toLowerCase() : event.key;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || $("#help").open) return;
  const at = event.target;
  const typed = at.closest("select, textarea, input:not([type=radio], [type=checkbox])");
  if (typed || (event.key === "Escape" && form.contains(at))) {
    if (event.key !== "Escape") return;
    at.blur();
    openQueue(false);
    main.focus({ preventScroll: true });
    event.preventDefault();
    return;
  }
  if (!$("#keys").checked) return;
  const key = keyOf(event);
  if (event.repeat && "cfdu".includes(key)) return;
  if (isCovered() && key !== "/" && key !== "?") return; // nobody decides on what the queue hides
  if (VERDICTS[key]) run(() => decide(VERDICTS[key]));
  else if (KEYS[key]) run(ACTIONS[KEYS[key]]);
  else return;
  event.preventDefault();
});

function choose(id) {
  openQueue(false);
  run(() => show(id, { focus: true }));
}

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const link = event.target.closest("a");
  const button = event.target.closest("button");
  if (button?.dataset.verdict) run(() => decide(button.dataset.verdict));
  else if (button?.dataset.do) run(ACTIONS[button.dataset.do]);
  else if (button?.dataset.show) choose(Number(button.dataset.show));
  else if (button?.dataset.only) run(() => only(button.dataset.only));
  else if (button?.id === "toggle") openQueue(!document.body.classList.contains("queue-open"));
  else if (link && "keeps" in link.dataset) link.search = kept(); // the way back leads to the same place
  else if (link?.closest(".item")) {
    event.preventDefault();
    choose(Number(link.closest(".item").dataset.id));
  } else if (link?.dataset.mark) {
    event.preventDefault();
    choose(Number(link.dataset.id));
  } else if (link && main.contains(link) && /^#[ab]$/.test(link.getAttribute("href"))) {
    event.preventDefault();
    to(link.getAttribute("href").slice(1));
  }
});

function only(document) {
  const field = $("#document");
  if (![...field.options].some((option) => option.value === document)) field.append(new Option("this article", document));
  field.value = document;
  $(".more").open = true;
  return filtered();
}

let searchTimer;
form.addEventListener("input", (event) => {
  clearTimeout(searchTimer);
  const pause = event.target.id === "words" || event.target.type === "number" ? SEARCH_PAUSE : 0;
  searchTimer = setTimeout(() => run(filtered), pause);
});
form.addEventListener("submit", (event) => { event.preventDefault(); run(filtered); });
let noteTimer;
main.addEventListener("input", (event) => {
  clearTimeout(noteTimer);
  if (event.target.id === "note") noteTimer = setTimeout(() => saveNote({ silent: true }), NOTE_PAUSE);
});
main.addEventListener("focusout", (event) => { if (event.target.id === "note") saveNote(); });
window.addEventListener("beforeunload", (event) => {
  saveNote();
  if (troubles.saving) event.preventDefault();
});
window.addEventListener("pagehide", () => {
  keepNote();
  for (const decision of unsent) deliver(decision).catch(() => {}); // what is noted already is not noted twice
});
// A cookie, for it is the same for every port, and each start of claims review has one of its own.
$("#keys").checked = !/(^|; )claims-keys=off(;|$)/.test(document.cookie);
$("#keys").addEventListener("change", () => {
  document.cookie = `claims-keys=${$("#keys").checked ? "on" : "off"}; Max-Age=31536000; Path=/; SameSite=Strict`;
});
document.addEventListener("visibilitychange", () => run(look));
window.addEventListener("focus", () => run(look));
setInterval(() => run(look), POLL);
mark();
if (current()) fetchNext();
