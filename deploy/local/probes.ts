import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';

/** The standard gRPC health question, asked in plain HTTP/2: true when the server answers SERVING. Never throws. */
export async function isGrpcHealthy(address: string, signal: AbortSignal): Promise<boolean> {
  const session = connectHttp2(`http://${address}`);
  try {
    return await new Promise<boolean>((resolve) => {
      const no = () => {
        resolve(false);
      };
      session.on('error', no);
      signal.addEventListener('abort', no, { once: true });
      const stream = session.request({
        ':method': 'POST',
        ':path': '/grpc.health.v1.Health/Check',
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      const parts: Buffer[] = [];
      stream.on('error', no);
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('close', () => {
        resolve(isServing(Buffer.concat(parts)));
      });
      // One uncompressed message of no bytes: health of the server as a whole.
      stream.end(Buffer.alloc(5));
    });
  } finally {
    session.destroy();
  }
}

/** HealthCheckResponse { status = 1 }: field 1, SERVING = 1. */
function isServing(answer: Buffer): boolean {
  return answer.length === 7 && answer[5] === 0x08 && answer[6] === 0x01;
}

/** nats-server greets every connection with its INFO line, once JetStream is up. Never throws. */
export async function isNatsHealthy(port: number, signal: AbortSignal): Promise<boolean> {
  return await new Promise<boolean>((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', signal });
    const answer = (healthy: boolean) => {
      socket.destroy();
      resolve(healthy);
    };
    let text = '';
    socket.setEncoding('utf8');
    socket.on('error', () => answer(false));
    socket.on('close', () => answer(false));
    socket.on('data', (part: string) => {
      text += part;
      if (text.includes('\r\n')) answer(text.startsWith('INFO ') && text.includes('"jetstream":true'));
    });
  });
}

/** Whether an HTTP address answers at all, with any status below 500. */
export async function isHttpHealthy(url: string, signal: AbortSignal): Promise<boolean> {
  const response = await fetch(url, { signal });
  await response.body?.cancel();
  return response.status < 500;
}
