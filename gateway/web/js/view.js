// The page's fixed parts: state, controls, levels, notice.

import { make } from "./dom.js";
import { latencyFigure } from "./latency.js";
import { stateWords } from "./words.js";

const ANNOUNCED = ["connecting", "analysing", "closed", "lost"];
const LEVEL_GAIN = 5;
const LEVEL_FALL = 0.86;

const find = (selector) => document.querySelector(selector);

export class View {
  constructor() {
    this.orb = find(".orb");
    this.meter = find(".meter");
    this.state = find("[data-testid=state]");
    this.status = find(".status");
    this.hint = find(".hint");
    this.notice = find(".notice");
    this.noticeText = find("[data-testid=notice]");
    this.reconnect = find("#reconnect");
    this.engines = find("[data-testid=engines]");
    this.summary = find("#summary");
    this.level = find("#level");
    this.text = find("#text");
    this.composer = find("#composer");
    this.log = find("#log");
    this.scroller = find("#scroller");
    this.announcer = find("#announcer");
    this.buttons = Object.fromEntries(["start", "mute", "done", "stop", "analyse", "hang-up", "dismiss"]
      .map((id) => [id, document.getElementById(id)]));
    this.muteName = find("#mute .name");
    this.mic = { now: 0, peak: 0 };
    this.reply = { now: 0, peak: 0 };
  }

  /** @param {{phase: string, microphone: boolean, muted: boolean, talking: boolean}} situation */
  show(situation) {
    const { phase, microphone, muted, talking } = situation;
    const [state, hint] = stateWords(phase, situation);
    const inCall = !["idle", "closed", "lost", "connecting"].includes(phase);
    const inSession = inCall || phase === "connecting";
    document.body.dataset.phase = phase;
    document.body.dataset.session = inSession ? "on" : "off";
    document.body.dataset.hearing = microphone && !muted ? "on" : "off";
    this.state.textContent = state;
    this.state.dataset.state = phase;
    this.hint.textContent = hint;
    const focused = document.activeElement;
    const conversing = inCall && phase !== "analysing";
    const { start, mute, done, stop, analyse } = this.buttons;
    for (const button of document.querySelectorAll(".in-session")) button.hidden = !inSession;
    start.hidden = inSession;
    mute.disabled = !conversing;
    mute.setAttribute("aria-pressed", String(microphone && muted));
    this.muteName.textContent = muteName(microphone, muted);
    done.disabled = phase !== "user_turn";
    stop.disabled = !(conversing && (talking || phase === "speaking" || phase === "thinking"));
    analyse.disabled = !conversing;
    // Whoever works by keyboard must not be thrown back to the top of the page.
    if (focused instanceof HTMLButtonElement && (focused.hidden || focused.disabled)) {
      (inSession ? this.status : start).focus({ preventScroll: true });
    }
    this.announce(phase, state);
  }

  /** What a screen reader says of the state: not each change of a turn, for both are speaking then. */
  announce(phase, state) {
    const told = this.toldPhase;
    this.toldPhase = phase;
    if (phase === told || !(ANNOUNCED.includes(phase) || told === "connecting")) return;
    this.announcer.append(make("p", {}, `${state}. ${this.hint.textContent}`));
    while (this.announcer.childElementCount > 4) this.announcer.firstElementChild.remove();
  }

  tell(text, { reconnect = false } = {}) {
    this.noticeText.textContent = text;
    this.reconnect.hidden = !reconnect;
    this.notice.hidden = false;
  }

  clearNotice() {
    this.notice.hidden = true;
    this.noticeText.textContent = "";
  }

  showEngines(text) {
    this.engines.textContent = text;
    this.engines.hidden = false;
  }

  showSummary(metrics) {
    const figure = latencyFigure(metrics, { "data-testid": "last-latency" });
    if (!figure) return;
    this.summary.querySelector(".latency")?.remove();
    this.summary.append(figure);
    this.summary.hidden = false;
  }

  /** Levels come as they may; the orb follows them frame by frame. */
  animate() {
    if (this.animating) return;
    const step = () => {
      for (const level of [this.mic, this.reply]) {
        level.now = Math.max(level.peak, level.now * LEVEL_FALL);
        level.peak = 0;
      }
      this.orb.style.setProperty("--mic", this.mic.now.toFixed(3));
      this.orb.style.setProperty("--reply", this.reply.now.toFixed(3));
      this.meter.style.setProperty("--mic", this.mic.now.toFixed(3));
      const quiet = this.mic.now < 0.001 && this.reply.now < 0.001;
      const over = document.body.dataset.session === "off";
      this.animating = quiet && over ? 0 : requestAnimationFrame(step);
    };
    this.animating = requestAnimationFrame(step);
  }

  raise(level, rms) {
    level.peak = Math.max(level.peak, Math.min(1, Math.sqrt(rms * LEVEL_GAIN) * 0.9));
  }

  micLevel(rms) {
    this.raise(this.mic, rms < 0.002 ? 0 : rms);
  }

  replyLevel(rms) {
    this.raise(this.reply, rms);
  }
}

function muteName(microphone, muted) {
  if (!microphone) return "Use mic";
  return muted ? "Unmute" : "Mute";
}
