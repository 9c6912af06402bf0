/** One event of a stream (text/event-stream). */
export interface StreamEvent {
  id: string;
  name: string;
  data: string;
}

/**
 * Takes the stream in whatever pieces the network delivers and calls back for every whole
 * event. EventSource would do it too, but cannot be told where to go on after its address
 * changed, nor say why it was refused.
 */
export function parser(emit: (event: StreamEvent) => void): (chunk: string) => void {
  let rest = "";
  let id = "";
  let name = "message";
  let data: string[] = [];

  const line = (text: string) => {
    if (text === "") {
      if (data.length > 0) emit({ id, name, data: data.join("\n") });
      name = "message";
      data = [];
      return;
    }
    const colon = text.indexOf(":");
    if (colon === 0) return; // a heartbeat
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? "" : text.slice(text[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "id") id = value;
    else if (field === "event") name = value;
    else if (field === "data") data.push(value);
  };

  return (chunk) => {
    const lines = (rest + chunk).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const each of lines) line(each);
  };
}
