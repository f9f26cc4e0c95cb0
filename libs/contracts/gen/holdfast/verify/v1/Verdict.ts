// Original file: holdfast/verify/v1/verify_service.proto

import type { Check as _holdfast_verify_v1_Check, Check__Output as _holdfast_verify_v1_Check__Output } from '../../../holdfast/verify/v1/Check.ts';

export interface Verdict {
  'runId'?: (string);
  'at'?: (string);
  'level'?: (number);
  'ok'?: (boolean);
  'checks'?: (_holdfast_verify_v1_Check)[];
  'notChecked'?: (string)[];
  'store'?: (string);
}

export interface Verdict__Output {
  'runId': (string);
  'at': (string);
  'level': (number);
  'ok': (boolean);
  'checks': (_holdfast_verify_v1_Check__Output)[];
  'notChecked': (string)[];
  'store': (string);
}
