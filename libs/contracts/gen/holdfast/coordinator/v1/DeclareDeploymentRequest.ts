// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface DeclareDeploymentRequest {
  'specYaml'?: (string);
}

export interface DeclareDeploymentRequest__Output {
  'specYaml': (string);
}
