#!/usr/bin/env node
import './require-node.ts';
import { runCli } from './run-cli.ts';

process.exitCode = await runCli(process.argv.slice(2));
