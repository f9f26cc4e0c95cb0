// Original file: holdfast/coordinator/v1/coordinator_service.proto

import type { LogEntry as _holdfast_coordinator_v1_LogEntry, LogEntry__Output as _holdfast_coordinator_v1_LogEntry__Output } from '../../../holdfast/coordinator/v1/LogEntry.ts';

export interface ReadLogResponse {
  'entries'?: (_holdfast_coordinator_v1_LogEntry)[];
  'total'?: (number);
  'headDigest'?: (string);
}

export interface ReadLogResponse__Output {
  'entries': (_holdfast_coordinator_v1_LogEntry__Output)[];
  'total': (number);
  'headDigest': (string);
}
