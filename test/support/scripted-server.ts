import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A real HTTP server on 127.0.0.1 whose answers come from the test. */
export class ScriptedServer {
  readonly requests: string[] = [];
  readonly headers: IncomingMessage['headers'][] = [];
  private readonly server: Server;

  private constructor(public answer: Answer) {
    this.server = createServer((request, response) => {
      this.requests.push(request.url ?? '');
      this.headers.push(request.headers);
      this.answer(request, response);
    });
  }

  static async start(answer: Answer): Promise<ScriptedServer> {
    const scripted = new ScriptedServer(answer);
    await new Promise<void>((resolve) => scripted.server.listen(0, '127.0.0.1', resolve));
    return scripted;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** Returns answers by path with query, and 404 for all others. */
export function serve(bodies: Readonly<Record<string, string | Buffer>>): Answer {
  return (request, response) => {
    const body = bodies[request.url ?? ''];
    response.statusCode = body === undefined ? 404 : 200;
    response.end(body ?? '<html>not found</html>');
  };
}
