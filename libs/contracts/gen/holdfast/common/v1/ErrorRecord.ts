// Original file: holdfast/common/v1/common.proto

import type { Problem as _holdfast_common_v1_Problem, Problem__Output as _holdfast_common_v1_Problem__Output } from '../../../holdfast/common/v1/Problem.ts';

export interface ErrorRecord {
  'code'?: (string);
  'message'?: (string);
  'remedy'?: (string);
  'detailsJson'?: (string);
  'problems'?: (_holdfast_common_v1_Problem)[];
}

export interface ErrorRecord__Output {
  'code': (string);
  'message': (string);
  'remedy': (string);
  'detailsJson': (string);
  'problems': (_holdfast_common_v1_Problem__Output)[];
}
