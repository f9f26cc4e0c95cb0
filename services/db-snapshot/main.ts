#!/usr/bin/env node
import { runService } from '#libs/runtime/run-service.ts';
import { contract } from './contract.ts';
import { buildService } from './service.ts';

await runService(contract, buildService);
