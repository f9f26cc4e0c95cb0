// Original file: holdfast/coordinator/v1/coordinator_service.proto

import type { Problem as _holdfast_common_v1_Problem, Problem__Output as _holdfast_common_v1_Problem__Output } from '../../../holdfast/common/v1/Problem.ts';

export interface Deployment {
  'deployment'?: (string);
  'specVersion'?: (number);
  'specYaml'?: (string);
  'warnings'?: (_holdfast_common_v1_Problem)[];
}

export interface Deployment__Output {
  'deployment': (string);
  'specVersion': (number);
  'specYaml': (string);
  'warnings': (_holdfast_common_v1_Problem__Output)[];
}
