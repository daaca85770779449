// Ties the page together: one person, one conversation at a time.

import { analysisPanel } from "./analysis.js";
import { Connection, whyRefused } from "./connection.js";
import { make } from "./dom.js";
import { Microphone } from "./microphone.js";
import { Player } from "./player.js";
import { Transcript } from "./transcript.js";
import { View } from "./view.js";
import * as words from "./words.js";

const OUTPUT_RATE = 24000;
const LONGEST_TEXT = 4000;
const LEVEL_KEY = "parley.level";

class Conversation {
  constructor() {
    this.view = new View();
    this.transcript = new Transcript(this.view.log, this.view.scroller, this.view.announcer);
    this.microphone = new Microphone({
      onFrame: (pcm, level) => this.speak(pcm, level),
      onLost: () => this.microphoneLost(),
    });
    this.player = new Player(OUTPUT_RATE, {
      onPlayed: (turn, ms) => this.connection?.send({ type: "playback", turn, played_ms: ms }),
      onProgress: (report) => this.playing(report),
    });
    this.phase = "idle";
    /** Whose sound is coming out right now. */
    this.talkingTurn = null;
    this.turn = undefined;
    this.connection = null;
    this.connected = false;
    /** As the person began: by speaking, or by typing. */
    this.wantsMicrophone = true;
    /** The conversation that broke off, which a new connection goes on with. */
    this.brokenOff = null;
    this.session = null;
    /** Texts typed before the connection stood. */
    this.waiting = [];
    this.listen();
    this.render();
  }

  listen() {
    const { buttons, composer, level, reconnect } = this.view;
    buttons.start.onclick = () => this.start({ microphone: true });
    reconnect.onclick = () => this.start({ microphone: this.wantsMicrophone, goOn: true });
    buttons["hang-up"].onclick = () => this.end("closed");
    buttons.mute.onclick = () => this.toggleMute();
    buttons.done.onclick = () => this.connection?.send({ type: "process_audio" });
    buttons.stop.onclick = () => this.stopReply();
    buttons.analyse.onclick = () => this.analyse();
    buttons.dismiss.onclick = () => this.view.clearNotice();
    composer.onsubmit = (event) => {
      event.preventDefault();
      this.type();
    };
    level.value = remembered(LEVEL_KEY) ?? level.value;
    level.onchange = () => {
      remember(LEVEL_KEY, level.value);
      this.connection?.send({ type: "set_level", level: level.value });
    };
    document.addEventListener("keydown", ({ key }) => {
      if (key === "Escape" && !buttons.stop.disabled) this.stopReply();
    });
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.inSession) this.wake();
    });
  }

  get inSession() {
    return document.body.dataset.session === "on";
  }

  render() {
    this.view.show({
      phase: this.phase, microphone: this.microphone.live, muted: this.microphone.muted, talking: this.talkingTurn !== null,
    });
  }

  enter(phase) {
    this.phase = phase;
    this.render();
  }

  // ---- beginning and end

  /** Runs within a click, which is what lets the browser make sound. */
  async start({ microphone, goOn = false }) {
    if (this.inSession) return;
    if (!goOn) this.brokenOff = null;
    this.wantsMicrophone = microphone;
    this.view.clearNotice();
    this.transcript.forget();
    this.player.forget();
    this.talkingTurn = null;
    this.microphone.prepare();
    this.enter("connecting");
    this.wake();
    this.view.animate();
    const attempt = Symbol("attempt");
    /** Whatever was awaited for an earlier attempt no longer matters. */
    this.attempt = attempt;
    await Promise.all([microphone ? this.openMicrophone() : null, this.openPlayer()]);
    if (this.attempt !== attempt) return;
    this.connection = new Connection({
      input_rate: this.microphone.rate, output_rate: OUTPUT_RATE, level: this.view.level.value,
      ...(this.brokenOff && { continues: this.brokenOff }),
    }, {
      onMessage: (message) => this.receive(message),
      onAudio: (pcm) => this.player.push(pcm),
      onClose: (closing) => this.closed(closing),
    });
  }

  async openMicrophone() {
    const { attempt } = this;
    try {
      await this.microphone.open(() => this.attempt === attempt && !this.microphone.live);
    } catch (error) {
      if (this.attempt === attempt) this.view.tell(words.microphoneWords(error));
    }
    this.render();
  }

  async openPlayer() {
    try {
      await this.player.open();
    } catch {
      this.view.tell(words.NO_SOUND);
    }
  }

  /** After a phone's lock screen: sound again, and the screen stays on. */
  async wake() {
    this.microphone.resume();
    this.player.open().catch(() => {});
    try {
      this.wakeLock = await navigator.wakeLock?.request("screen");
    } catch {
      // A convenience only: refused on low battery.
    }
  }

  end(phase) {
    this.attempt = null;
    this.view.clearNotice();
    this.connection?.close();
    this.connection = null;
    this.connected = false;
    this.waiting = [];
    this.microphone.close();
    this.player.rest();
    this.talkingTurn = null;
    this.transcript.close();
    this.wakeLock?.release();
    this.wakeLock = null;
    this.enter(phase);
  }

  closed(closing) {
    const analysing = this.phase === "analysing";
    const normal = closing.code === 1000;
    if (!normal) this.brokenOff = this.session ?? this.brokenOff;
    this.session = null;
    this.end(normal ? "closed" : "lost");
    if (normal && analysing) this.view.tell(words.NO_ANALYSIS);
    else if (closing.wasOpen) this.view.tell(words.closeWords(closing), { reconnect: !normal });
    else this.explainRefusal();
  }

  async explainRefusal() {
    const refusal = await whyRefused();
    if (this.phase === "lost") this.view.tell(words.refusalWords(refusal), { reconnect: true });
  }

  // ---- what the person does

  speak(pcm, level) {
    this.view.micLevel(level);
    if (this.connected && this.phase !== "analysing") this.connection.sendAudio(pcm);
  }

  type() {
    const text = this.view.text.value.trim();
    if (!text) return;
    // Counted as the server counts: characters, not UTF-16 halves of them.
    const length = [...text].length;
    if (length > LONGEST_TEXT) {
      this.view.tell(words.tooLong(length, LONGEST_TEXT));
      return;
    }
    this.view.text.value = "";
    if (!this.inSession) this.start({ microphone: false, goOn: this.phase === "lost" });
    this.transcript.userTyped(text);
    if (this.connected) this.connection.send({ type: "text", text });
    else this.waiting.push(text);
  }

  async toggleMute() {
    if (!this.microphone.live) {
      this.microphone.prepare();
      this.microphone.muted = false;
      this.wantsMicrophone = true;
      await this.openMicrophone();
      return;
    }
    this.microphone.mute(!this.microphone.muted);
    this.render();
  }

  microphoneLost() {
    this.view.tell(words.MICROPHONE_LOST);
    this.render();
  }

  stopReply() {
    this.player.flush(this.talkingTurn ?? this.turn);
    this.connection?.send({ type: "cancel" });
  }

  analyse() {
    this.connection?.send({ type: "end_conversation" });
    this.microphone.close();
    this.player.flush();
    this.transcript.close();
    this.enter("analysing");
  }

  // ---- what the server says

  receive(message) {
    this.on[message.type]?.(message);
  }

  on = {
    connected: (message) => {
      this.connected = true;
      this.session = message.session_id;
      this.transcript.begin({ goesOn: this.brokenOff !== null });
      this.brokenOff = null;
      this.view.showEngines(words.enginesWords(message));
      this.view.level.value = message.level;
      for (const text of this.waiting.splice(0)) this.connection.send({ type: "text", text });
      this.enter("listening");
    },
    state: ({ state, turn }) => {
      this.turn = turn;
      if (this.phase !== "analysing" && state !== "closed") this.enter(state);
    },
    transcript: ({ text, is_final, turn }) => this.transcript.user(turn, text, is_final),
    ai_text: ({ text, is_complete, full_text, turn }) => {
      if (this.player.dead.has(turn)) return;
      if (is_complete) this.transcript.finishReply(turn, full_text);
      else this.transcript.addReply(turn, text);
    },
    ai_audio_start: ({ sample_rate, turn }) => this.player.begin(turn, sample_rate),
    ai_audio_end: ({ turn }) => this.player.end(turn),
    hold: ({ turn }) => this.player.hold(turn),
    resume: ({ turn }) => this.player.resume(turn),
    backchannel: ({ turn, text }) => this.transcript.listens(turn, text),
    reply_withdrawn: ({ turn }) => {
      this.player.revive(turn);
      this.transcript.withdraw(turn);
    },
    flush: ({ turn }) => {
      this.player.flush(turn);
      this.transcript.closeReply(turn);
    },
    turn_complete: ({ turn, interrupted, heard_text }) => {
      if (interrupted) this.transcript.interrupt(turn, heard_text);
      else this.transcript.closeReply(turn);
    },
    metrics: (message) => {
      this.transcript.showMetrics(message.turn, message);
      this.view.showSummary(message);
    },
    analysis: ({ data }) => {
      const panel = analysisPanel(data);
      this.transcript.append(make("li", { class: "result" }, panel));
      this.end("closed");
      panel.querySelector("h2").focus({ preventScroll: true });
      panel.scrollIntoView({ block: "start" });
    },
    error: (message) => this.view.tell(words.errorWords(message)),
  };

  /** @param {import("./jitter.js").Report} report */
  playing({ type, turn, level, totalMs, underruns }) {
    const { dataset } = document.documentElement;
    dataset.playedMs = totalMs.toFixed(1);
    dataset.underruns = String(underruns);
    this.view.replyLevel(level);
    const talkingTurn = type === "progress" || type === "held" ? turn : null;
    if (talkingTurn !== this.talkingTurn) {
      this.talkingTurn = talkingTurn;
      this.render();
    }
  }
}

function remembered(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Private browsing: the choice lasts as long as the page.
  }
}

document.documentElement.dataset.playedMs = "0";
document.documentElement.dataset.underruns = "0";
new Conversation();
