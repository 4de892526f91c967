/** Everything that can be set of one participant, as the server has it. */
import { CONTROLS, GROUPS, inWords } from "./controls.js";
export class ControlList {
    #rows = [];
    /** Fills `place` with a group of fields for each group of controls. */
    constructor(place, set) {
        for (const { group, label } of GROUPS) {
            const fields = document.createElement("fieldset");
            const legend = document.createElement("legend");
            legend.textContent = label;
            fields.append(legend);
            for (const control of CONTROLS.filter((one) => one.group === group)) {
                const row = made(control, set);
                fields.append(row.element);
                this.#rows.push(row);
            }
            place.append(fields);
        }
    }
    /** What the server does not tell of, it does not have: that is not shown. */
    show(person) {
        for (const { control, element, show } of this.#rows) {
            const value = person.states.get(control.name);
            element.hidden = value === undefined;
            if (value !== undefined) {
                show(value);
            }
        }
    }
}
function made(control, set) {
    const element = document.createElement("p");
    const label = document.createElement("label");
    const id = `control-${control.number}`;
    label.htmlFor = id;
    label.textContent = control.label;
    const { form } = control;
    if (form.kind === "choice") {
        const select = document.createElement("select");
        select.id = id;
        select.append(...form.choices.map((choice) => new Option(choice.label, String(choice.value))));
        select.addEventListener("change", () => set(control, Number(select.value)));
        element.append(label, select);
        return { control, element, show: (value) => (select.value = String(value)) };
    }
    const input = document.createElement("input");
    input.id = id;
    if (form.kind === "switch") {
        element.className = "check";
        input.type = "checkbox";
        input.setAttribute("role", "switch");
        input.addEventListener("change", () => set(control, input.checked ? 1 : 0));
        element.append(input, label);
        return { control, element, show: (value) => (input.checked = value !== 0) };
    }
    input.min = String(form.from);
    input.max = String(form.to);
    if (form.kind === "range") {
        input.type = "range";
        input.step = String(form.step);
        const shown = document.createElement("output");
        shown.htmlFor.add(id);
        const say = (value) => {
            shown.value = inWords(control, value);
            input.setAttribute("aria-valuetext", shown.value);
        };
        input.addEventListener("input", () => {
            say(Number(input.value));
            set(control, Number(input.value));
        });
        element.append(label, shown, input);
        return {
            control,
            element,
            show(value) {
                // What a hand holds stays in it.
                if (!input.matches(":active")) {
                    input.value = String(value);
                    say(value);
                }
            },
        };
    }
    input.type = "number";
    label.textContent = `${control.label} (${form.unit})`;
    input.addEventListener("change", () => {
        if (input.value !== "" && input.checkValidity()) {
            set(control, Number(input.value));
        }
        else {
            input.reportValidity();
        }
    });
    element.append(label, input);
    return {
        control,
        element,
        show(value) {
            if (document.activeElement !== input) {
                input.value = String(value);
            }
        },
    };
}
