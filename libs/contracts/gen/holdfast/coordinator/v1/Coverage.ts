// Original file: holdfast/coordinator/v1/coordinator_service.proto

import type { CoverageLine as _holdfast_coordinator_v1_CoverageLine, CoverageLine__Output as _holdfast_coordinator_v1_CoverageLine__Output } from '../../../holdfast/coordinator/v1/CoverageLine.ts';
import type { Problem as _holdfast_common_v1_Problem, Problem__Output as _holdfast_common_v1_Problem__Output } from '../../../holdfast/common/v1/Problem.ts';

export interface Coverage {
  'deployment'?: (string);
  'backupId'?: (string);
  'mark'?: (string);
  'lines'?: (_holdfast_coordinator_v1_CoverageLine)[];
  'problems'?: (_holdfast_common_v1_Problem)[];
  'factsJson'?: (string);
}

export interface Coverage__Output {
  'deployment': (string);
  'backupId': (string);
  'mark': (string);
  'lines': (_holdfast_coordinator_v1_CoverageLine__Output)[];
  'problems': (_holdfast_common_v1_Problem__Output)[];
  'factsJson': (string);
}
