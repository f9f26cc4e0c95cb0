// Original file: holdfast/coordinator/v1/coordinator_service.proto

import type { Run as _holdfast_coordinator_v1_Run, Run__Output as _holdfast_coordinator_v1_Run__Output } from '../../../holdfast/coordinator/v1/Run.ts';

export interface ListRunsResponse {
  'runs'?: (_holdfast_coordinator_v1_Run)[];
  'nextPageToken'?: (string);
}

export interface ListRunsResponse__Output {
  'runs': (_holdfast_coordinator_v1_Run__Output)[];
  'nextPageToken': (string);
}
