// Original file: holdfast/coordinator/v1/coordinator_service.proto

import type { Problem as _holdfast_common_v1_Problem, Problem__Output as _holdfast_common_v1_Problem__Output } from '../../../holdfast/common/v1/Problem.ts';

export interface RestorePlan {
  'planDigest'?: (string);
  'deployment'?: (string);
  'backupId'?: (string);
  'steps'?: (string)[];
  'problems'?: (_holdfast_common_v1_Problem)[];
  'warnings'?: (_holdfast_common_v1_Problem)[];
  'factsJson'?: (string);
}

export interface RestorePlan__Output {
  'planDigest': (string);
  'deployment': (string);
  'backupId': (string);
  'steps': (string)[];
  'problems': (_holdfast_common_v1_Problem__Output)[];
  'warnings': (_holdfast_common_v1_Problem__Output)[];
  'factsJson': (string);
}
