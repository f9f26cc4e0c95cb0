// Original file: holdfast/verify/v1/verify_service.proto

import type { Verdict as _holdfast_verify_v1_Verdict, Verdict__Output as _holdfast_verify_v1_Verdict__Output } from '../../../holdfast/verify/v1/Verdict.ts';

export interface ListVerdictsResponse {
  'verdicts'?: (_holdfast_verify_v1_Verdict)[];
}

export interface ListVerdictsResponse__Output {
  'verdicts': (_holdfast_verify_v1_Verdict__Output)[];
}
