/** The controls of a participant: what they are called, and what they take (event-manager.md §8). */

export type Group = "voice" | "ears" | "groups";

export interface Control {
  number: number;
  name: string;
  label: string;
  group: Group;
  form: Form;
}

export type Form =
  | { kind: "switch" }
  | { kind: "range"; from: number; to: number; step: number; unit: string }
  | { kind: "number"; from: number; to: number; unit: string }
  | { kind: "choice"; choices: readonly { value: number; label: string }[] };

const SWITCH: Form = { kind: "switch" };

function range(from: number, to: number, step: number, unit: string): Form {
  return { kind: "range", from, to, step, unit };
}

/** Headings of the groups, in their order. */
export const GROUPS: readonly { group: Group; label: string }[] = [
  { group: "voice", label: "What the others hear" },
  { group: "ears", label: "What this person hears" },
  { group: "groups", label: "Whispering and sidebars" },
];

export const CONTROLS: readonly Control[] = [
  control(2, "IMM_CONTROL_MUTE_ENABLE", "Muted", "voice", SWITCH),
  control(102, "PBX_CONTROL_INPUT_GAIN", "Volume of the voice", "voice", range(0, 400, 5, "%")),
  control(3, "IMM_CONTROL_ANC_ENABLE", "Take noise out", "voice", SWITCH),
  control(100, "PBX_CONTROL_ECHO_CANCEL_ENABLE", "Take echo out", "voice", SWITCH),
  control(4, "IMM_CONTROL_AGC_ENABLE", "Even out loudness", "voice", SWITCH),
  control(5, "IMM_CONTROL_AUTO_EQ_ENABLE", "Equalise for clear speech", "voice", SWITCH),
  control(101, "PBX_CONTROL_VOICE_SHIFT", "Shift the voice", "voice", range(-12, 12, 1, "semitones")),
  control(6, "IMM_CONTROL_MIXING_3D_ENABLE", "Hear the others from where they are", "ears", SWITCH),
  control(12, "IMM_CONTROL_MASTER_GAIN", "Volume", "ears", range(0, 100, 1, "%")),
  control(7, "IMM_CONTROL_MIXING_3D_ATTENUATION", "Loss by distance", "ears", range(0, 40, 1, "dB per metre")),
  control(8, "IMM_CONTROL_MIXING_3D_MAX_DISTANCE", "No more loss beyond", "ears", { kind: "number", from: 0, to: 2 ** 31 - 1, unit: "cm" }),
  control(9, "IMM_CONTROL_MIXING_3D_REVERB_ENABLE", "Hear the room ring", "ears", SWITCH),
  control(10, "IMM_CONTROL_DEVICE", "Listens with", "ears", {
    kind: "choice",
    choices: [
      { value: 1, label: "headphones" },
      { value: 2, label: "loudspeakers" },
    ],
  }),
  control(11, "IMM_CONTROL_HALF_SPAN_ANGLE", "Loudspeakers from the middle", "ears", range(1, 90, 1, "°")),
  control(1, "IMM_CONTROL_STEREO_BYPASS_ENABLE", "Hear everything untouched", "ears", SWITCH),
  control(13, "IMM_CONTROL_WHISPER_ROOM", "Whispers in group", "groups", { kind: "number", from: 0, to: 100, unit: "0: none" }),
  control(14, "IMM_CONTROL_SIDEBAR_ROOM", "Gone aside with group", "groups", { kind: "number", from: 0, to: 100, unit: "0: none" }),
];

/** By number or name, as events have it. */
export function find(key: number | string): Control | undefined {
  return CONTROLS.find(({ number, name }) => number === key || name === key);
}

/** A value in words. */
export function inWords(control: Control, value: number): string {
  const { form } = control;
  switch (form.kind) {
    case "switch":
      return value === 0 ? "off" : "on";
    case "choice":
      return form.choices.find((choice) => choice.value === value)?.label ?? String(value);
    case "range":
      return `${value} ${form.unit}`;
    case "number":
      return control.group === "groups" ? (value === 0 ? "none" : String(value)) : `${value} ${form.unit}`;
  }
}

function control(number: number, name: string, label: string, group: Group, form: Form): Control {
  return { number, name, label, group, form };
}
