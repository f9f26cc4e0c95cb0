import { storeConformance } from './conformance.ts';
import { memoryStore } from './memory.ts';

storeConformance('memory', async () => ({ store: memoryStore(), [Symbol.asyncDispose]: async () => {} }));
