// Original file: holdfast/step/v1/step.proto

import type { ErrorRecord as _holdfast_common_v1_ErrorRecord, ErrorRecord__Output as _holdfast_common_v1_ErrorRecord__Output } from '../../../holdfast/common/v1/ErrorRecord.ts';

export interface StepFailed {
  'runId'?: (string);
  'deployment'?: (string);
  'service'?: (string);
  'step'?: (string);
  'attempt'?: (number);
  'error'?: (_holdfast_common_v1_ErrorRecord | null);
}

export interface StepFailed__Output {
  'runId': (string);
  'deployment': (string);
  'service': (string);
  'step': (string);
  'attempt': (number);
  'error': (_holdfast_common_v1_ErrorRecord__Output | null);
}
