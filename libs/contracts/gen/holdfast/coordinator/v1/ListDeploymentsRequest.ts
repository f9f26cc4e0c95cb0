// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface ListDeploymentsRequest {
}

export interface ListDeploymentsRequest__Output {
}
