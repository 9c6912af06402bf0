// Somebody who is told: an HTTP server that keeps what it gets.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** One message, as a webhook brings it. */
export interface Message {
  event: string;
  alert?: { id: string; title: string; state: string };
}

/** A running receiver. */
export class Receiver {
  readonly messages: Message[] = [];
  private constructor(private readonly server: Server) {}

  static async start(): Promise<Receiver> {
    const server = createServer();
    const one = new Receiver(server);
    server.on("request", (incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () => {
        one.messages.push(JSON.parse(Buffer.concat(chunks).toString()) as Message);
        response.writeHead(204).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return one;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook`;
  }

  /** The messages of one event, so far. */
  of(event: string): Message[] {
    return this.messages.filter((message) => message.event === event);
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}
