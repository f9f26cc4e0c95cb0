// Original file: holdfast/component/v1/component_service.proto

import type { Problem as _holdfast_common_v1_Problem, Problem__Output as _holdfast_common_v1_Problem__Output } from '../../../holdfast/common/v1/Problem.ts';

export interface PreflightResponse {
  'problems'?: (_holdfast_common_v1_Problem)[];
  'warnings'?: (_holdfast_common_v1_Problem)[];
  'factsJson'?: (string);
}

export interface PreflightResponse__Output {
  'problems': (_holdfast_common_v1_Problem__Output)[];
  'warnings': (_holdfast_common_v1_Problem__Output)[];
  'factsJson': (string);
}
