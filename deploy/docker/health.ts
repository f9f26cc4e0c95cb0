import { isGrpcHealthy } from '#deploy/local/probes.ts';

const ANSWER_MS = 4_000;

/** A container's health question: `node deploy/docker/health.ts HOST:PORT` exits 0 when that gRPC door says SERVING. */
const healthy = await isGrpcHealthy(process.argv[2] ?? '', AbortSignal.timeout(ANSWER_MS));
process.exitCode = healthy ? 0 : 1;
