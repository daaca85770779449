// The person's microphone as 20 ms frames of PCM16.

/** What the server takes of the rates that sound devices run at. */
const RATES = [8000, 16000, 22050, 24000, 32000, 44100, 48000];
const USUAL_RATE = 48000;

export class Microphone {
  /**
   * @param {object} handlers
   * @param {(pcm: ArrayBuffer, level: number) => void} handlers.onFrame
   * @param {() => void} handlers.onLost  the device went away
   */
  constructor({ onFrame, onLost }) {
    this.onFrame = onFrame;
    this.onLost = onLost;
    this.stream = null;
    this.muted = false;
  }

  /** Call within a click. Afterwards `rate` is known, microphone or not. */
  prepare() {
    if (!this.context) {
      this.context = new AudioContext({ latencyHint: "interactive" });
      if (!RATES.includes(this.context.sampleRate)) {
        this.context.close();
        this.context = new AudioContext({ sampleRate: USUAL_RATE, latencyHint: "interactive" });
      }
    }
    this.resume();
  }

  get rate() {
    return this.context.sampleRate;
  }

  get live() {
    return this.stream !== null;
  }

  /**
   * @param {() => boolean} wanted  still so, once the person has answered?
   * @throws {DOMException|Error} when there is none, or the person refuses
   */
  async open(wanted) {
    if (!navigator.mediaDevices || !this.context.audioWorklet) throw new InsecurePage();
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
    try {
      this.loaded ??= this.context.audioWorklet.addModule(new URL("./microphone.worklet.js", import.meta.url));
      await this.loaded;
      if (!wanted()) {
        release(stream);
        return;
      }
      this.source = this.context.createMediaStreamSource(stream);
    } catch (error) {
      release(stream);
      throw error;
    }
    this.node = new AudioWorkletNode(this.context, "parley-microphone", {
      numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit",
    });
    this.node.port.onmessage = ({ data }) => this.onFrame(data.pcm, data.level);
    this.source.connect(this.node);
    this.stream = stream;
    stream.getAudioTracks()[0].onended = () => {
      this.close();
      this.onLost();
    };
    this.mute(this.muted);
  }

  /** A muted microphone sends silence, so that the listener's clock goes on. */
  mute(muted) {
    this.muted = muted;
    for (const track of this.stream?.getAudioTracks() ?? []) track.enabled = !muted;
  }

  resume() {
    return this.context?.resume();
  }

  close() {
    if (this.node) this.node.port.onmessage = null;
    this.source?.disconnect();
    if (this.stream) release(this.stream);
    this.stream = null;
    this.context?.suspend();
  }
}

function release(stream) {
  for (const track of stream.getTracks()) track.stop();
}

export class InsecurePage extends Error {}
