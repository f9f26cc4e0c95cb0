// Original file: holdfast/step/v1/step.proto

import type { Long } from '@grpc/proto-loader';

export interface StepProgress {
  'runId'?: (string);
  'step'?: (string);
  'bytes'?: (number | string | Long);
  'bytesTotal'?: (number | string | Long);
  'activity'?: (string);
  'rows'?: (number | string | Long);
}

export interface StepProgress__Output {
  'runId': (string);
  'step': (string);
  'bytes': (string);
  'bytesTotal': (string);
  'activity': (string);
  'rows': (string);
}
