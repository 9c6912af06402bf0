const leave = 2000; // after Escape, Tab leaves for this long

/**
 * What the page does with a key before the program in the terminal has it; false: the program
 * does not get it. Escape and then Tab move the keyboard out, as in the editor, so that nobody
 * is kept in; Ctrl-Shift-C copies, Ctrl-Shift-V is left to the browser, which pastes.
 */
export function keys(copy: () => void, find: () => void): (event: KeyboardEvent) => boolean {
  let escaped = -leave;
  return (event) => {
    if (event.type !== "keydown") return true;
    if (event.key === "Tab" && event.timeStamp - escaped < leave) return false;
    if (event.key !== "Shift") escaped = event.key === "Escape" ? event.timeStamp : -leave;
    if (!event.ctrlKey || !event.shiftKey) return true;
    switch (event.code) {
      case "KeyC":
        copy();
        break;
      case "KeyF":
        find();
        break;
      case "KeyV":
        return false;
      default:
        return true;
    }
    event.preventDefault();
    return false;
  };
}
