import { STEP_EVENTS, type ServiceContract } from '#libs/runtime/contract.ts';
import { onCheckLive } from './handlers/on-check-live.ts';
import { onCloseSandbox } from './handlers/on-close-sandbox.ts';
import { onOpenSandbox } from './handlers/on-open-sandbox.ts';
import { onScrubRepository } from './handlers/on-scrub-repository.ts';
import { onVerifyApplication } from './handlers/on-verify-application.ts';
import { onVerifyBackup } from './handlers/on-verify-backup.ts';
import { onVerifyPacks } from './handlers/on-verify-packs.ts';
import { onVerifyStaged } from './handlers/on-verify-staged.ts';
import { onVerifyStored } from './handlers/on-verify-stored.ts';
import type { VerifierPorts } from './ports.ts';
import { listVerdicts } from './rpc/list-verdicts.ts';

/** The second pair of eyes: it copies nothing, and compares with what the source said of itself. */
export const contract: ServiceContract<VerifierPorts> = {
  service: 'verifier',
  consumes: {
    VerifyBackup: onVerifyBackup,
    VerifyPacks: onVerifyPacks,
    VerifyStaged: onVerifyStaged,
    CheckLive: onCheckLive,
    VerifyStored: onVerifyStored,
    OpenSandbox: onOpenSandbox,
    VerifyApplication: onVerifyApplication,
    CloseSandbox: onCloseSandbox,
    ScrubRepository: onScrubRepository,
  },
  serves: { 'holdfast.verify.v1.VerifyService': { listVerdicts: { unary: listVerdicts } } },
  publishes: STEP_EVENTS,
};
