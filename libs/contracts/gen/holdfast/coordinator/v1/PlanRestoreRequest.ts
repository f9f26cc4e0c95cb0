// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface PlanRestoreRequest {
  'deployment'?: (string);
  'backupId'?: (string);
  'sourceDeployment'?: (string);
  'components'?: (string)[];
  'relocationJson'?: (string);
}

export interface PlanRestoreRequest__Output {
  'deployment': (string);
  'backupId': (string);
  'sourceDeployment': (string);
  'components': (string)[];
  'relocationJson': (string);
}
