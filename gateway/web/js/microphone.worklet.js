const FRAME_S = 0.02;

class MicrophoneProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this.startFrame();
  }

  startFrame() {
    this.frame = new Int16Array(Math.round(sampleRate * FRAME_S));
    this.filled = 0;
    this.energy = 0;
  }

  process(inputs) {
    const input = inputs[0][0];
    if (!input) return true;
    for (const sample of input) {
      const clipped = Math.max(-1, Math.min(1, sample));
      this.frame[this.filled++] = Math.round(clipped * 32767);
      this.energy += clipped * clipped;
      if (this.filled === this.frame.length) this.sendFrame();
    }
    return true;
  }

  sendFrame() {
    const level = Math.sqrt(this.energy / this.filled);
    const pcm = this.frame.buffer;
    this.port.postMessage({ pcm, level }, [pcm]);
    this.startFrame();
  }
}

registerProcessor("parley-microphone", MicrophoneProcessor);
