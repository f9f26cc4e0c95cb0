// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface GetDeploymentRequest {
  'deployment'?: (string);
}

export interface GetDeploymentRequest__Output {
  'deployment': (string);
}
