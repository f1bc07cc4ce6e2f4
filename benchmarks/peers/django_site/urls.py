"""Its three calls, and a health check."""

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ModelSerializer
from rest_framework.views import APIView
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView


class UserSerializer(ModelSerializer):
    """An account in answers."""

    class Meta:
        """The fields in answers."""

        model = User
        fields = ("id", "email", "username", "is_active")


class MeView(APIView):
    """The current user."""

    def get(self, request: Request) -> Response:
        """Return the account."""
        return Response(UserSerializer(request.user).data)


def health(_: HttpRequest) -> HttpResponse:
    """Return a constant."""
    return HttpResponse("ok")


urlpatterns = [
    path("me/", MeView.as_view()),
    path("token/", TokenObtainPairView.as_view()),
    path("token/refresh/", TokenRefreshView.as_view()),
    path("health/", health),
]
