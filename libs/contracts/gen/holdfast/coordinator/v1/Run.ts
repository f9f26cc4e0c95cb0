// Original file: holdfast/coordinator/v1/coordinator_service.proto

import type { Step as _holdfast_coordinator_v1_Step, Step__Output as _holdfast_coordinator_v1_Step__Output } from '../../../holdfast/coordinator/v1/Step.ts';
import type { ErrorRecord as _holdfast_common_v1_ErrorRecord, ErrorRecord__Output as _holdfast_common_v1_ErrorRecord__Output } from '../../../holdfast/common/v1/ErrorRecord.ts';

export interface Run {
  'runId'?: (string);
  'deployment'?: (string);
  'kind'?: (string);
  'state'?: (string);
  'principal'?: (string);
  'openedAt'?: (string);
  'finishedAt'?: (string);
  'steps'?: (_holdfast_coordinator_v1_Step)[];
  'error'?: (_holdfast_common_v1_ErrorRecord | null);
  'outcomeJson'?: (string);
  'waitsFor'?: (string);
}

export interface Run__Output {
  'runId': (string);
  'deployment': (string);
  'kind': (string);
  'state': (string);
  'principal': (string);
  'openedAt': (string);
  'finishedAt': (string);
  'steps': (_holdfast_coordinator_v1_Step__Output)[];
  'error': (_holdfast_common_v1_ErrorRecord__Output | null);
  'outcomeJson': (string);
  'waitsFor': (string);
}
