// Original file: holdfast/coordinator/v1/coordinator_service.proto

import type { AfterSwitch as _holdfast_coordinator_v1_AfterSwitch, AfterSwitch__Output as _holdfast_coordinator_v1_AfterSwitch__Output } from '../../../holdfast/coordinator/v1/AfterSwitch.ts';

export interface CancelRunRequest {
  'runId'?: (string);
  'afterSwitch'?: (_holdfast_coordinator_v1_AfterSwitch);
}

export interface CancelRunRequest__Output {
  'runId': (string);
  'afterSwitch': (_holdfast_coordinator_v1_AfterSwitch__Output);
}
