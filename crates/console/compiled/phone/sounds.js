/** Sounds the telephone makes itself: the bell, the ringing heard by the caller, and the keys. */
/** The two tones of each key, hertz (ITU-T Q.23). */
const ROWS = [697, 770, 852, 941];
const COLUMNS = [1209, 1336, 1477, 1633];
const KEYS = "123A456B789C*0#D";
/** The bell: two notes, twice, then a pause; seconds. */
const BELL_NOTES = [659.3, 880];
const BELL_PERIOD_S = 3.2;
/** The caller's tone: 425 Hz, one second in five (ITU-T E.180). */
const RINGING_HZ = 425;
const RINGING_PERIOD_S = 5;
export class Sounds {
    #context;
    #stop = () => { };
    #playing;
    /** Call it from a click or key press: browsers make no sound before one. */
    wake() {
        this.#context ??= new AudioContext();
        void this.#context.resume();
        return this.#context;
    }
    get context() {
        return this.#context;
    }
    /** The bell until `silence`. */
    bell() {
        this.#repeat("bell", BELL_PERIOD_S, (context, out, at) => {
            for (const [index, hertz] of [...BELL_NOTES, ...BELL_NOTES].entries()) {
                note(context, out, hertz, at + index * 0.28, 0.26, 0.25, "triangle");
            }
        });
    }
    /** What a caller hears until `silence`. */
    ringing() {
        this.#repeat("ringing", RINGING_PERIOD_S, (context, out, at) => {
            note(context, out, RINGING_HZ, at, 1, 0.08, "sine");
        });
    }
    silence() {
        this.#stop();
        this.#stop = () => { };
        this.#playing = undefined;
    }
    /** The tone of a key, short and quiet. */
    key(digit) {
        const index = KEYS.indexOf(digit);
        const context = this.wake();
        if (index < 0 || context === undefined) {
            return;
        }
        for (const hertz of [ROWS[index >> 2], COLUMNS[index & 3]]) {
            note(context, context.destination, hertz, context.currentTime, 0.12, 0.05, "sine");
        }
    }
    #repeat(what, seconds, play) {
        if (this.#playing === what) {
            return;
        }
        this.silence();
        const context = this.wake();
        if (context === undefined) {
            return;
        }
        this.#playing = what;
        const out = context.createGain();
        out.connect(context.destination);
        const once = () => play(context, out, context.currentTime + 0.02);
        once();
        const timer = setInterval(once, seconds * 1000);
        this.#stop = () => {
            clearInterval(timer);
            out.disconnect();
        };
    }
}
/** One tone with soft edges, so that nothing clicks. */
function note(context, out, hertz, at, seconds, gain, shape) {
    const oscillator = context.createOscillator();
    const envelope = context.createGain();
    oscillator.type = shape;
    oscillator.frequency.value = hertz;
    envelope.gain.setValueAtTime(0, at);
    envelope.gain.linearRampToValueAtTime(gain, at + 0.015);
    envelope.gain.setValueAtTime(gain, at + seconds - 0.03);
    envelope.gain.linearRampToValueAtTime(0, at + seconds);
    oscillator.connect(envelope).connect(out);
    oscillator.start(at);
    oscillator.stop(at + seconds);
}
