package wire

import (
	"errors"
	"net/http"
)

// A coded error is one of the SDK's own exceptions.
type coded interface {
	error
	ErrorCode() string
	ErrorMessage() string
}

// AsError makes an *Error of whatever a handler returned. What carries no AWS
// code is a fault of the sandbox, and is told as one.
func AsError(err error) *Error {
	var w *Error
	if errors.As(err, &w) {
		if w.Status == 0 {
			return &Error{Code: w.Code, Message: w.Message, Status: http.StatusBadRequest, QueryCode: w.QueryCode}
		}
		return w
	}
	var c coded
	if errors.As(err, &c) {
		return &Error{Code: c.ErrorCode(), Message: c.ErrorMessage(), Status: http.StatusBadRequest}
	}
	return &Error{Code: "InternalFailure", Message: err.Error(), Status: http.StatusInternalServerError}
}

// refuse writes an error in the protocol's own form.
func (e *endpoint) refuse(w http.ResponseWriter, id string, err error) {
	f := AsError(err)
	if e.Protocol == JSON || e.Protocol == REST {
		w.Header().Set("X-Amzn-ErrorType", f.Code)
		if f.QueryCode != "" {
			w.Header().Set("X-Amzn-Query-Error", f.QueryCode+";Sender")
		}
	}
	e.write(w, f.Status, id, e.codec.failure(f, id))
}
