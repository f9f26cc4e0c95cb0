// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface PlanRestoreRequest {
  'deployment'?: (string);
  'backupId'?: (string);
}

export interface PlanRestoreRequest__Output {
  'deployment': (string);
  'backupId': (string);
}
